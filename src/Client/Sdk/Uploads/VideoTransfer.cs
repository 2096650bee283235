namespace ForegSyte.Client;

/// <summary>How the bytes of a file come to the server.</summary>
public enum VideoTransfer
{
    /// <summary>
    /// The quickest way that the server allows: inside the message where the file is small, by its path where the
    /// server is on this machine and may read it, otherwise as an upload.
    /// </summary>
    Automatic,

    /// <summary>Inside the message.</summary>
    Content,

    /// <summary>By its file:// URI: the server reads the file itself.</summary>
    Path,

    /// <summary>
    /// In parts, each checked, several at a time; an interrupted upload goes on where it was. Name it where the
    /// address is this machine and the server is not, as behind a tunnel: a path would be another machine's.
    /// </summary>
    Upload,
}
