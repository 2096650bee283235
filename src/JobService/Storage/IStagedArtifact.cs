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

    /// <summary>
    /// As <see cref="CommitAsync"/>, and where the storage has the same bytes already, they are kept once, where it can
    /// do that. Such an artifact is removed with <see cref="IStorage.DeleteShared"/>.
    /// </summary>
    /// <param name="sha256">SHA-256 of the bytes, 64 lower-case hexadecimal digits.</param>
    /// <param name="cancellationToken">Leaves nothing behind.</param>
    Task CommitSharedAsync(string sha256, CancellationToken cancellationToken);
}
