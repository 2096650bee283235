using ForegSyte.Inference.V1;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// Stores artifacts (videos, results, segments) under keys; see <see cref="StorageKey"/>. A call that needs no wait
/// completes synchronously.
/// </summary>
internal interface IStorage
{
    /// <summary>Whether equal bytes are stored once.</summary>
    bool Shares { get; }

    /// <summary>
    /// Whether several JobServices write to the storage. The keys of results then contain the lease token of their
    /// attempt (<see cref="ArtifactKeys.Results"/>), so that no attempt replaces the artifacts of another one.
    /// </summary>
    bool IsShared { get; }

    /// <summary>
    /// The folder in which an InferenceService finds the artifacts as files; null if <see cref="GrantReadAsync"/> gives
    /// it another access.
    /// </summary>
    string? Folder { get; }

    /// <summary>
    /// Starts writing an artifact. It is invisible until <see cref="IStagedArtifact.CommitAsync"/>; disposing it
    /// without a commit leaves nothing behind.
    /// </summary>
    ValueTask<IStagedArtifact> StageAsync(string key, CancellationToken cancellationToken);

    /// <summary>
    /// Starts an artifact whose bytes are already in a file inside the storage. The commit gives the file a second name
    /// and copies nothing. Returns null if the storage does not support this, or if another artifact has the file.
    /// </summary>
    /// <param name="path">The file, in the storage's root or below; it must not change any more.</param>
    /// <param name="key">Key of the artifact.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    ValueTask<IStagedArtifact?> TryAdoptAsync(string path, string key, CancellationToken cancellationToken);

    /// <summary>
    /// Starts an artifact that shares the bytes of another one. It keeps them from now on, even if the other is deleted
    /// before the commit. Returns null if the storage cannot share bytes.
    /// </summary>
    /// <param name="existingKey">Key of the other artifact, which was committed with
    /// <see cref="IStagedArtifact.CommitSharedAsync"/>.</param>
    /// <param name="key">Key of the new artifact.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="FileNotFoundException">The other artifact does not exist.</exception>
    ValueTask<IStagedArtifact?> TryLinkAsync(string existingKey, string key, CancellationToken cancellationToken);

    /// <summary>
    /// Makes another durable artifact with the bytes of one that never changes, and replaces an earlier one with its
    /// key. The storage moves no bytes if it can share or copy them itself.
    /// </summary>
    /// <exception cref="FileNotFoundException">The other artifact does not exist.</exception>
    /// <exception cref="Hosting.Errors.ServiceException">STORAGE_FULL.</exception>
    async Task CopyAsync(string existingKey, string key, CancellationToken cancellationToken)
    {
        await using var existing = await OpenReadAsync(existingKey, cancellationToken);
        await using var artifact = await StageAsync(key, cancellationToken);
        await existing.CopyToAsync(artifact.Stream, cancellationToken);
        await artifact.CommitAsync(cancellationToken);
    }

    /// <summary>
    /// Opens an artifact for reading. The stream is seekable and knows its length. Use only asynchronous reads: each
    /// can be a request for the range of bytes that fits into its buffer.
    /// </summary>
    /// <exception cref="FileNotFoundException">There is no such artifact.</exception>
    ValueTask<Stream> OpenReadAsync(string key, CancellationToken cancellationToken);

    /// <summary>Whether the artifact exists.</summary>
    ValueTask<bool> ExistsAsync(string key, CancellationToken cancellationToken);

    /// <summary>Deletes an artifact; false if it does not exist.</summary>
    ValueTask<bool> DeleteAsync(string key, CancellationToken cancellationToken);

    /// <summary>
    /// Deletes an artifact that was committed with <see cref="IStagedArtifact.CommitSharedAsync"/>. Its bytes are freed
    /// with the last artifact that shares them. Returns false if the artifact does not exist.
    /// </summary>
    /// <param name="key">Key of the artifact.</param>
    /// <param name="contentId">The id given at the commit; null if unknown, which costs a scan of all shared
    /// bytes.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    ValueTask<bool> DeleteSharedAsync(string key, string? contentId, CancellationToken cancellationToken);

    /// <summary>
    /// Frees shared bytes that no artifact uses any more, for example after a crash; returns the count.
    /// </summary>
    ValueTask<int> RemoveUnsharedAsync(CancellationToken cancellationToken);

    /// <summary>The artifacts whose keys start with a prefix, unordered.</summary>
    /// <param name="prefix">The prefix; empty for all artifacts.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    IAsyncEnumerable<StoredArtifact> ListKeysAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>
    /// The keys of the artifacts that are further names of a file, as <see cref="TryAdoptAsync"/> gives them.
    /// </summary>
    ValueTask<IReadOnlyList<string>> KeysOfAsync(string path, CancellationToken cancellationToken);

    /// <summary>
    /// Deletes unfinished artifacts of earlier processes. Artifacts that this process is writing stay. Returns the
    /// count.
    /// </summary>
    ValueTask<int> RemoveAbandonedAsync(CancellationToken cancellationToken);

    /// <summary>Lets an InferenceService read an artifact, which need not exist.</summary>
    /// <param name="key">Key of the artifact.</param>
    /// <param name="validity">How long the access must last at least.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    ValueTask<ReadGrant> GrantReadAsync(string key, TimeSpan validity, CancellationToken cancellationToken);

    /// <summary>The generation that <see cref="WriteGenerationAsync"/> stored last; null if there is none.</summary>
    ValueTask<StoreGeneration?> ReadGenerationAsync(CancellationToken cancellationToken);

    /// <summary>Durably records which generation of which database uses the storage.</summary>
    ValueTask WriteGenerationAsync(StoreGeneration generation, CancellationToken cancellationToken);

    /// <summary>Free space for artifacts in bytes; null if it is unlimited.</summary>
    long? FreeBytes();

    /// <summary>
    /// Reserves free space for bytes that are about to be written, and keeps others from using it. Say what is written,
    /// and dispose the reservation.
    /// </summary>
    /// <exception cref="Hosting.Errors.ServiceException">STORAGE_FULL: less than Storage:MinFreeBytes would remain.
    /// </exception>
    RoomReservation ReserveRoom(long bytes);
}

/// <summary>An artifact in a listing.</summary>
/// <param name="Key">Its key.</param>
/// <param name="ModifiedAt">When it was written.</param>
internal readonly record struct StoredArtifact(string Key, DateTimeOffset ModifiedAt);

/// <summary>The right to read an artifact.</summary>
/// <param name="Uri">Where it is: a file, or a presigned address.</param>
/// <param name="ContentId">
/// The same for equal bytes and never for others, so that a reader can keep them in a cache; null if unknown.
/// </param>
internal sealed record ReadGrant(Uri Uri, string? ContentId)
{
    /// <summary>The video for an InferenceService.</summary>
    /// <param name="bytes">Its size; 0 if unknown.</param>
    public VideoSource ToSource(long bytes) =>
        new() { Uri = Uri.AbsoluteUri, CacheKey = ContentId ?? "", SizeBytes = bytes };
}

/// <summary>An artifact that is being written.</summary>
internal interface IStagedArtifact : IAsyncDisposable
{
    /// <summary>The content, in a local file or in memory; writable and seekable.</summary>
    Stream Stream { get; }

    /// <summary>
    /// Makes the artifact durable and visible in one step and replaces an earlier one with the same key.
    /// </summary>
    /// <exception cref="Hosting.Errors.ServiceException">STORAGE_FULL.</exception>
    Task CommitAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Like <see cref="CommitAsync"/>; if the storage already has the bytes with this id and can share them, it keeps
    /// them once. Delete such an artifact with <see cref="IStorage.DeleteSharedAsync"/>. Returns the key to read it
    /// with: its own, or the one that all artifacts with these bytes have.
    /// </summary>
    /// <param name="contentId">A key that only equal bytes have; see <see cref="ArtifactKeys.SharedVideo"/>.</param>
    /// <param name="cancellationToken">Cancels a commit that has not started.</param>
    Task<string> CommitSharedAsync(string contentId, CancellationToken cancellationToken);
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
