namespace ForegSyte.Jobs.Storage;

/// <summary>A file that is written under a temporary name in the folder where it will stay.</summary>
/// <param name="file">
/// The file, without a buffer of its own: after a failed write a buffer would be written again by Dispose, and fail
/// again.
/// </param>
/// <param name="temporaryPath">Where it is.</param>
/// <param name="path">Where it goes.</param>
internal sealed class LocalArtifact(FileStream file, string temporaryPath, string path) : IStagedArtifact
{
    private bool _committed;

    /// <inheritdoc />
    public Stream Stream { get; } = new StagedStream(file);

    /// <inheritdoc />
    public Task CommitAsync(CancellationToken cancellationToken) =>
        // fsync has no asynchronous form; it blocks a thread of the pool and not the caller.
        Task.Run(Commit, cancellationToken);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await file.DisposeAsync();
        if (!_committed)
        {
            File.Delete(temporaryPath);
        }
    }

    private void Commit()
    {
        try
        {
            file.Flush(flushToDisk: true);
            File.Move(temporaryPath, path, overwrite: true);
            _committed = true;
            DurableFolder.Flush(Path.GetDirectoryName(path)!);
        }
        catch (IOException failure) when (DiskFull.Is(failure))
        {
            throw DiskFull.Report(failure);
        }
    }
}
