namespace ForegSyte.Jobs.Storage;

/// <summary>A file that is complete under a name of its own, and gets that of an artifact beside it.</summary>
/// <param name="file">The file, without a buffer of its own.</param>
/// <param name="path">Where it is, and stays.</param>
/// <param name="artifactPath">The artifact's name, in the same file system.</param>
/// <param name="commits">Gives the name.</param>
internal sealed class AdoptedArtifact(FileStream file, string path, string artifactPath, FileCommits commits)
    : IStagedArtifact
{
    /// <inheritdoc />
    public Stream Stream { get; } = new StagedStream(file);

    /// <inheritdoc />
    public Task CommitAsync(CancellationToken cancellationToken) => CommitAsync(null, cancellationToken);

    /// <inheritdoc />
    public Task CommitSharedAsync(string sha256, CancellationToken cancellationToken) =>
        CommitAsync(sha256, cancellationToken);

    /// <inheritdoc />
    public ValueTask DisposeAsync() => file.DisposeAsync();

    private async Task CommitAsync(string? sha256, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            await commits.CommitAsync(new FileCommit(file, path, artifactPath) { Sha256 = sha256, IsKept = true });
        }
        catch (IOException failure) when (DiskFull.Is(failure))
        {
            throw DiskFull.Report(failure);
        }
    }
}
