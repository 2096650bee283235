namespace ForegSyte.Client;

/// <summary>How far an upload is.</summary>
/// <param name="Stage">What is being done.</param>
/// <param name="BytesDone">
/// Bytes that have been checked in the stage <see cref="UploadStage.Checking"/>; later those that the server has.
/// </param>
/// <param name="BytesTotal">
/// Bytes that are there from an earlier run in the stage <see cref="UploadStage.Checking"/>; later those of the file.
/// </param>
/// <param name="CanResume">
/// Whether the same call, made again after this process has ended, goes on with what has arrived: false where
/// <see cref="UploadOptions.StateFolder"/> is null or cannot be written, where another process sends the same file, and
/// when the upload has been given up.
/// </param>
public sealed record UploadProgress(UploadStage Stage, long BytesDone, long BytesTotal, bool CanResume);
