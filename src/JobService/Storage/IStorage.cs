namespace ForegSyte.Jobs.Storage;

/// <summary>Stores artifacts (videos, results, segments) under keys; see <see cref="StorageKey"/>.</summary>
internal interface IStorage
{
    /// <summary>
    /// Starts writing an artifact. It is invisible until <see cref="IStagedArtifact.CommitAsync"/>; disposing it
    /// without a commit leaves nothing behind.
    /// </summary>
    IStagedArtifact Stage(string key);

    /// <summary>
    /// Starts an artifact whose bytes are already in a file inside the storage. The commit gives the file a second name
    /// and copies nothing. Returns null if the storage does not support this.
    /// </summary>
    /// <param name="path">The file, in the storage's root or below; it must not change any more.</param>
    /// <param name="key">Key of the artifact.</param>
    IStagedArtifact? TryAdopt(string path, string key);

    /// <summary>
    /// Starts an artifact that shares the bytes of another one. It keeps them from now on, even if the other is deleted
    /// before the commit. Returns null if the storage cannot share bytes.
    /// </summary>
    /// <param name="existingKey">Key of the other artifact, which was committed with
    /// <see cref="IStagedArtifact.CommitSharedAsync"/>.</param>
    /// <param name="key">Key of the new artifact.</param>
    /// <exception cref="FileNotFoundException">The other artifact does not exist.</exception>
    IStagedArtifact? TryLink(string existingKey, string key);

    /// <summary>Opens an artifact for reading; the stream is seekable.</summary>
    /// <exception cref="FileNotFoundException">There is no such artifact.</exception>
    Stream OpenRead(string key);

    /// <summary>Whether the artifact exists.</summary>
    bool Exists(string key);

    /// <summary>Deletes an artifact; false if it does not exist.</summary>
    bool Delete(string key);

    /// <summary>
    /// Deletes an artifact that was committed with <see cref="IStagedArtifact.CommitSharedAsync"/>. Its bytes are freed
    /// with the last artifact that shares them. Returns false if the artifact does not exist.
    /// </summary>
    /// <param name="key">Key of the artifact.</param>
    /// <param name="contentId">The id given at the commit; null if unknown, which costs a scan of all shared
    /// bytes.</param>
    bool DeleteShared(string key, string? contentId);

    /// <summary>
    /// Frees shared bytes that no artifact uses any more, for example after a crash; returns the count.
    /// </summary>
    int RemoveUnshared();

    /// <summary>Whether equal bytes are stored once.</summary>
    bool Shares { get; }

    /// <summary>The keys of all artifacts, unordered.</summary>
    IEnumerable<string> ListKeys();

    /// <summary>The keys of the artifacts that are further names of a file, as <see cref="TryAdopt"/> gives them.
    /// </summary>
    IReadOnlyList<string> KeysOf(string path);

    /// <summary>
    /// Deletes unfinished artifacts of earlier processes. Artifacts that this process is writing stay. Returns the
    /// count.
    /// </summary>
    int RemoveAbandoned();

    /// <summary>The URI under which an InferenceService reads the artifact.</summary>
    Uri UriOf(string key);

    /// <summary>The generation that <see cref="WriteGeneration"/> stored last; null if there is none.</summary>
    StoreGeneration? ReadGeneration();

    /// <summary>Durably records which generation of which database uses the storage.</summary>
    void WriteGeneration(StoreGeneration generation);

    /// <summary>Free space for artifacts in bytes.</summary>
    long FreeBytes();

    /// <summary>
    /// Reserves free space for bytes that are about to be written, and keeps others from using it. Say what is written,
    /// and dispose the reservation.
    /// </summary>
    /// <exception cref="Hosting.Errors.ServiceException">STORAGE_FULL: less than Storage:MinFreeBytes would remain.
    /// </exception>
    RoomReservation ReserveRoom(long bytes);
}

/// <summary>An artifact that is being written.</summary>
internal interface IStagedArtifact : IAsyncDisposable
{
    /// <summary>The content; writable and seekable.</summary>
    Stream Stream { get; }

    /// <summary>
    /// Makes the artifact durable and visible in one step and replaces an earlier one with the same key.
    /// </summary>
    /// <exception cref="Hosting.Errors.ServiceException">STORAGE_FULL.</exception>
    Task CommitAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Like <see cref="CommitAsync"/>; if the storage already has the bytes with this id and can share them, it keeps
    /// them once. Delete such an artifact with <see cref="IStorage.DeleteShared"/>.
    /// </summary>
    /// <param name="contentId">A key that only equal bytes have; see <see cref="ArtifactKeys.SharedVideo"/>.</param>
    /// <param name="cancellationToken">Cancels a commit that has not started.</param>
    Task CommitSharedAsync(string contentId, CancellationToken cancellationToken);
}

/// <summary>
/// The format of keys: one file name of ASCII letters, digits, '.', '_' and '-' that does not start with a dot. Only
/// this service makes keys, so an invalid one is a bug.
/// </summary>
internal static class StorageKey
{
    /// <summary>Maximum length; a temporary file's name around the key still fits into every file system.</summary>
    public const int MaxLength = 200;

    /// <summary>Whether the text is a valid key.</summary>
    public static bool IsValid(string text) =>
        text.Length is > 0 and <= MaxLength && text[0] != '.' && text.All(IsAllowed);

    /// <summary>Returns the key if it is valid.</summary>
    /// <exception cref="ArgumentException">The key is invalid.</exception>
    public static string Require(string key) => IsValid(key)
        ? key
        : throw new ArgumentException(
            $"A key must have 1 to {MaxLength} letters, digits, '.', '_' or '-' and must not start with a dot.",
            nameof(key));

    private static bool IsAllowed(char character) =>
        char.IsAsciiLetterOrDigit(character) || character is '.' or '_' or '-';
}
