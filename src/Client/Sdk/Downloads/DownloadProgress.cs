namespace ForegSyte.Client;

/// <summary>Progress of the download of a video.</summary>
/// <param name="BytesDone">Bytes that the caller has, including those of an earlier run.</param>
/// <param name="BytesTotal">Size of the video.</param>
public sealed record DownloadProgress(long BytesDone, long BytesTotal);
