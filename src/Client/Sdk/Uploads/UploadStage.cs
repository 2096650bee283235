namespace ForegSyte.Client;

/// <summary>What an upload is doing.</summary>
public enum UploadStage
{
    /// <summary>What an earlier run has sent is read again, so that the hash of the whole file is known.</summary>
    Checking,

    /// <summary>Parts are sent.</summary>
    Sending,

    /// <summary>All parts are there; the server checks the video and makes the job.</summary>
    Completing,
}
