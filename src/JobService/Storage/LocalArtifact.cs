namespace ForegSyte.Jobs.Storage;

/// <summary>A file that becomes an artifact when it is committed.</summary>
/// <param name="commit">
/// The file, without a buffer: Dispose would write a buffer again after a failed write, and fail again.
/// </param>
/// <param name="committer">Commits the file.</param>
/// <param name="disposed">Called when the temporary file is gone.</param>
internal sealed class LocalArtifact(FileCommit commit, FileCommitter committer, Action disposed) : IStagedArtifact
{
    /// <inheritdoc />
    public Stream Stream { get; } = new ArtifactStream(commit.File);

    /// <inheritdoc />
    public Task CommitAsync(CancellationToken cancellationToken) => CommitAsync(commit, cancellationToken);

    /// <inheritdoc />
    public async Task<string> CommitSharedAsync(string contentId, CancellationToken cancellationToken)
    {
        await CommitAsync(commit with { ContentId = contentId }, cancellationToken);
        return Path.GetFileName(commit.Path);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await commit.File.DisposeAsync();
        if (!commit.KeepsSource)
        {
            // Still there if it was not committed.
            File.Delete(commit.SourcePath);
        }

        disposed();
    }

    private async Task CommitAsync(FileCommit file, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            await committer.CommitAsync(file);
        }
        catch (IOException failure) when (DiskFull.Is(failure))
        {
            throw DiskFull.Report(failure);
        }
    }
}
