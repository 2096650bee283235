using ForegSyte.Exports;
using ForegSyte.V1;

namespace ForegSyte.Client.Exporting;

/// <summary>The results of a completed job on the server, read page by page.</summary>
/// <param name="job">The job.</param>
/// <param name="readFrames">Reads the frames from the first on.</param>
/// <param name="readObjectTracks">Reads the objects from the first on.</param>
/// <param name="readTextTracks">Reads the texts from the first on.</param>
internal sealed class JobResults(
    Job job,
    Func<CancellationToken, IAsyncEnumerable<FrameResult>> readFrames,
    Func<CancellationToken, IAsyncEnumerable<ObjectTrack>> readObjectTracks,
    Func<CancellationToken, IAsyncEnumerable<TextTrack>> readTextTracks) : IExportSource
{
    /// <summary>Page size of the tracks, the server's maximum; a page also ends before 3 MiB.</summary>
    public const int TracksPerPage = 1000;

    /// <inheritdoc />
    public ExportedJob Job { get; } = ExportedJob.Of(job);

    /// <inheritdoc />
    public IAsyncEnumerable<FrameResult> ReadFramesAsync(CancellationToken cancellationToken) =>
        readFrames(cancellationToken);

    /// <inheritdoc />
    public IAsyncEnumerable<ObjectTrack> ReadObjectTracksAsync(CancellationToken cancellationToken) =>
        readObjectTracks(cancellationToken);

    /// <inheritdoc />
    public IAsyncEnumerable<TextTrack> ReadTextTracksAsync(CancellationToken cancellationToken) =>
        readTextTracks(cancellationToken);
}
