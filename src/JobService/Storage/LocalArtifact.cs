namespace ForegSyte.Jobs.Storage;

/// <summary>A file that is written under a temporary name in the folder where it will stay.</summary>
/// <param name="file">
/// The file, without a buffer of its own: after a failed write a buffer would be written again by Dispose, and fail
/// again.
/// </param>
/// <param name="temporaryPath">Where it is.</param>
/// <param name="path">Where it goes.</param>
/// <param name="commits">Brings it there.</param>
/// <param name="disposed">Called when there is no temporary file any more.</param>
internal sealed class LocalArtifact(
    FileStream file, string temporaryPath, string path, FileCommits commits, Action disposed)
    : IStagedArtifact
{
    private bool _committed;

    /// <inheritdoc />
    public Stream Stream { get; } = new StagedStream(file);

    /// <inheritdoc />
    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            await commits.CommitAsync(new FileCommit(file, temporaryPath, path));
            _committed = true;
        }
        catch (IOException failure) when (DiskFull.Is(failure))
        {
            throw DiskFull.Report(failure);
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await file.DisposeAsync();
        if (!_committed)
        {
            File.Delete(temporaryPath);
        }

        disposed();
    }
}
