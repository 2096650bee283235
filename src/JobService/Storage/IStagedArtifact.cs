namespace ForegSyte.Jobs.Storage;

/// <summary>An artifact that is being written.</summary>
internal interface IStagedArtifact : IAsyncDisposable
{
    /// <summary>Where the bytes go; seekable.</summary>
    Stream Stream { get; }

    /// <summary>
    /// Makes the artifact durable and visible in one step, replacing what was under its key: fsync of the file, rename,
    /// fsync of the folder. A full disk is a ServiceException with STORAGE_FULL.
    /// </summary>
    Task CommitAsync(CancellationToken cancellationToken);
}
