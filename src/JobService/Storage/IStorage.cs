namespace ForegSyte.Jobs.Storage;

/// <summary>
/// Keeps artifacts under keys. A key is one file name of letters, digits, '.', '_' and '-' that does not begin with a
/// dot, at most 200 characters; anything else is an ArgumentException, since keys are made by this service only.
/// </summary>
internal interface IStorage
{
    /// <summary>
    /// Begins to write an artifact. Nobody sees it until <see cref="IStagedArtifact.CommitAsync"/>; disposing without
    /// that leaves nothing behind.
    /// </summary>
    IStagedArtifact Stage(string key);

    /// <summary>
    /// Begins an artifact whose bytes are in a file of the storage's own already, which stays as it is: at its commit
    /// the file gets a second name, and nothing is copied. Null where the storage cannot do that.
    /// </summary>
    /// <param name="path">The file, in the storage's root or below; nobody writes to it any more.</param>
    /// <param name="key">The artifact.</param>
    IStagedArtifact? TryAdopt(string path, string key);

    /// <summary>Opens an artifact for reading, seekable. Throws FileNotFoundException where there is none.</summary>
    Stream OpenRead(string key);

    /// <summary>Whether the artifact is there.</summary>
    bool Exists(string key);

    /// <summary>Removes an artifact; false where there was none.</summary>
    bool Delete(string key);

    /// <summary>
    /// Removes an artifact that was committed with <see cref="IStagedArtifact.CommitSharedAsync"/>; its bytes go with
    /// the last artifact that has them. False where there was none.
    /// </summary>
    /// <param name="key">The artifact.</param>
    /// <param name="sha256">
    /// The hash that it was committed with; null where it is not known, which costs a look at all.
    /// </param>
    bool DeleteShared(string key, string? sha256);

    /// <summary>
    /// Removes bytes that no artifact has any more, as a crash or an unknown hash may leave them. Returns the count.
    /// </summary>
    int RemoveUnshared();

    /// <summary>Whether equal bytes are kept once.</summary>
    bool Shares { get; }

    /// <summary>The keys of all artifacts, in no order.</summary>
    IEnumerable<string> ListKeys();

    /// <summary>
    /// Removes what writers of earlier processes left behind; what is staged now stays. Returns the count.
    /// </summary>
    int RemoveAbandoned();

    /// <summary>The URI under which an InferenceService reads the artifact.</summary>
    Uri UriOf(string key);

    /// <summary>The generation that was noted last; null where none was.</summary>
    StoreGeneration? ReadGeneration();

    /// <summary>Notes durably which generation of which database uses the storage.</summary>
    void WriteGeneration(StoreGeneration generation);

    /// <summary>Free space for artifacts in bytes.</summary>
    long FreeBytes();

    /// <summary>
    /// Refuses a new video that would leave less free space than the operator wants (option Storage:MinFreeBytes).
    /// Throws a ServiceException with STORAGE_FULL.
    /// </summary>
    void RequireRoom(long videoBytes);
}
