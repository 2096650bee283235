namespace ForegSyte.Client;

/// <summary>Progress of an upload.</summary>
/// <param name="Stage">Current stage.</param>
/// <param name="BytesDone">
/// Bytes verified so far in the stage <see cref="UploadStage.Checking"/>; bytes on the server in later stages.
/// </param>
/// <param name="BytesTotal">
/// Bytes that an earlier run uploaded in the stage <see cref="UploadStage.Checking"/>; size of the file in later
/// stages.
/// </param>
/// <param name="CanResume">
/// Whether the same call resumes the upload after this process ends. False if <see
/// cref="UploadOptions.StateFolder"/> is null or not writable, if another process uploads the same file, and after
/// the client abandoned the upload.
/// </param>
public sealed record UploadProgress(UploadStage Stage, long BytesDone, long BytesTotal, bool CanResume);

/// <summary>Stage of an upload.</summary>
public enum UploadStage
{
    /// <summary>The client reads the bytes that an earlier run uploaded, to compute the hash of the file.</summary>
    Checking,

    /// <summary>The client sends parts.</summary>
    Sending,

    /// <summary>The server has all parts, checks the video and creates the job.</summary>
    Completing,
}
