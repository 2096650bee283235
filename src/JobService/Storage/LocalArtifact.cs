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
    /// <inheritdoc />
    public Stream Stream { get; } = new StagedStream(file);

    /// <inheritdoc />
    public Task CommitAsync(CancellationToken cancellationToken) =>
        CommitAsync(new FileCommit(file, temporaryPath, path), cancellationToken);

    /// <inheritdoc />
    public Task CommitSharedAsync(string sha256, CancellationToken cancellationToken) =>
        CommitAsync(new FileCommit(file, temporaryPath, path) { Sha256 = sha256 }, cancellationToken);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await file.DisposeAsync();

        // Committed, it is gone, unless its bytes were there already.
        File.Delete(temporaryPath);
        disposed();
    }

    private async Task CommitAsync(FileCommit commit, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            await commits.CommitAsync(commit);
        }
        catch (IOException failure) when (DiskFull.Is(failure))
        {
            throw DiskFull.Report(failure);
        }
    }
}
