using System.Runtime.CompilerServices;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Storage.S3;

/// <summary>
/// Stores artifacts in a bucket, which several JobServices share. Artifacts of a job lie below "jobs/"; videos lie
/// below "videos/" by content, so that a known video is not uploaded again. Bytes are collected in a local file before
/// their upload.
/// </summary>
internal sealed class S3Storage(
    S3Bucket bucket,
    SpoolFolder spool,
    IVideoReferences videos,
    IOptions<S3StorageOptions> options,
    IOptions<StorageOptions> local,
    IJobStore store) : IStorage
{
    private const string JobsFolder = "jobs/";
    private const string VideosFolder = "videos/";
    private const string GenerationName = "generation";

    /// <summary>Number of videos that the sweep deletes at once.</summary>
    private const int SweepBatch = 500;

    /// <summary>Number of searches for unrecorded videos in the time after which they count as abandoned.</summary>
    private const int SearchesPerAge = 4;

    private readonly DiskRoom _room = new(() => spool.FreeBytes, local.Value.MinFreeBytes);

    private DateTimeOffset _nextSearch;

    /// <inheritdoc />
    public bool Shares => true;

    /// <inheritdoc />
    public bool IsShared => true;

    /// <inheritdoc />
    public string? Folder => null;

    /// <inheritdoc />
    public ValueTask<IStagedArtifact> StageAsync(string key, CancellationToken cancellationToken)
    {
        StorageKey.Require(key);
        try
        {
            return new ValueTask<IStagedArtifact>(new S3Artifact(this, key, spool.Create()));
        }
        catch (IOException failure) when (DiskFull.Is(failure))
        {
            throw DiskFull.Report(failure);
        }
    }

    /// <inheritdoc />
    public ValueTask<IStagedArtifact?> TryAdoptAsync(string path, string key, CancellationToken cancellationToken) =>
        new(new S3Artifact(
            this, StorageKey.Require(key),
            new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, 0),
            keepsFile: true));

    /// <inheritdoc />
    public async ValueTask<IStagedArtifact?> TryLinkAsync(
        string existingKey, string key, CancellationToken cancellationToken)
    {
        StorageKey.Require(key);
        if (VideoKey.TryParse(existingKey, out var contentId)
            && await videos.UseAsync(contentId, cancellationToken) is { } recorded)
        {
            return new LinkedVideo(videos, contentId, await OpenReadAsync(recorded, cancellationToken));
        }

        return await ExistsAsync(existingKey, cancellationToken)
            ? null
            : throw new FileNotFoundException($"There is no artifact {existingKey}.", existingKey);
    }

    /// <inheritdoc />
    public Task CopyAsync(string existingKey, string key, CancellationToken cancellationToken) =>
        bucket.CopyAsync(NameOf(existingKey), NameOf(key), cancellationToken);

    /// <inheritdoc />
    public async ValueTask<Stream> OpenReadAsync(string key, CancellationToken cancellationToken) =>
        await S3ReadStream.OpenAsync(bucket, NameOf(key), cancellationToken);

    /// <inheritdoc />
    public async ValueTask<bool> ExistsAsync(string key, CancellationToken cancellationToken) =>
        await bucket.ExistsAsync(NameOf(key), cancellationToken);

    /// <inheritdoc />
    public async ValueTask<bool> DeleteAsync(string key, CancellationToken cancellationToken)
    {
        if (!await ExistsAsync(key, cancellationToken))
        {
            return false;
        }

        await bucket.DeleteAsync(NameOf(key), cancellationToken);
        return true;
    }

    /// <inheritdoc />
    /// <remarks>
    /// Nothing is deleted here: <see cref="RemoveUnsharedAsync"/> deletes a video when no job refers to it any more.
    /// </remarks>
    public ValueTask<bool> DeleteSharedAsync(string key, string? contentId, CancellationToken cancellationToken) =>
        new(VideoKey.TryParse(StorageKey.Require(key), out _));

    /// <inheritdoc />
    /// <remarks>
    /// Unrecorded videos, which a process left that died after an upload, are searched now and then, since that lists
    /// all videos.
    /// </remarks>
    public async ValueTask<int> RemoveUnsharedAsync(CancellationToken cancellationToken)
    {
        var removed = 0;
        IReadOnlyList<string> unused;
        do
        {
            unused = await videos.ForgetUnusedAsync(options.Value.UnusedVideoAge, SweepBatch, cancellationToken);
            await bucket.DeleteAsync(unused.Select(NameOf), cancellationToken);
            removed += unused.Count;
        }
        while (unused.Count == SweepBatch);

        var now = store.Now;
        if (now < _nextSearch)
        {
            return removed;
        }

        removed += await RemoveUnrecordedAsync(now - options.Value.AbandonedAge, cancellationToken);
        _nextSearch = now + (options.Value.AbandonedAge / SearchesPerAge);
        return removed;
    }

    /// <inheritdoc />
    public async IAsyncEnumerable<StoredArtifact> ListKeysAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var folder in (string[])[JobsFolder, VideosFolder])
        {
            await foreach (var entry in bucket.ListAsync(folder + prefix, cancellationToken))
            {
                var key = entry.Name[folder.Length..];
                if (StorageKey.IsValid(key))
                {
                    yield return new StoredArtifact(key, entry.ModifiedAt);
                }
            }
        }
    }

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<string>> KeysOfAsync(string path, CancellationToken cancellationToken) => new([]);

    /// <inheritdoc />
    /// <remarks>
    /// These are unfinished uploads in parts. They can belong to another JobService, so only old ones are ended. Those
    /// outside of the two folders belong to other programs.
    /// </remarks>
    public async ValueTask<int> RemoveAbandonedAsync(CancellationToken cancellationToken)
    {
        var startedBefore = store.Now - options.Value.AbandonedAge;
        return await bucket.AbortUploadsAsync(JobsFolder, startedBefore, cancellationToken)
            + await bucket.AbortUploadsAsync(VideosFolder, startedBefore, cancellationToken);
    }

    /// <inheritdoc />
    public async ValueTask<ReadGrant> GrantReadAsync(
        string key, TimeSpan validity, CancellationToken cancellationToken) =>
        new(
            await bucket.AddressOfAsync(NameOf(key), store.Now + validity),
            VideoKey.TryParse(key, out var contentId) ? contentId : null);

    /// <inheritdoc />
    public async ValueTask<StoreGeneration?> ReadGenerationAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = await S3ReadStream.OpenAsync(bucket, GenerationName, cancellationToken);
            using var reader = new StreamReader(stream);
            return StoreGeneration.Parse(await reader.ReadToEndAsync(cancellationToken));
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <inheritdoc />
    public async ValueTask WriteGenerationAsync(StoreGeneration generation, CancellationToken cancellationToken) =>
        await bucket.WriteTextAsync(GenerationName, generation.ToText(), cancellationToken);

    /// <inheritdoc />
    public long? FreeBytes() => null;

    /// <inheritdoc />
    /// <remarks>The room is that of the spool folder.</remarks>
    public RoomReservation ReserveRoom(long bytes) => _room.Reserve(bytes);

    /// <summary>Uploads an artifact of a job.</summary>
    internal Task CommitAsync(string key, FileStream file, CancellationToken cancellationToken) =>
        bucket.WriteAsync(NameOf(key), file.Name, file.Length, cancellationToken);

    /// <summary>Uploads a video unless the bucket has it; returns its key.</summary>
    internal async Task<string> CommitVideoAsync(string contentId, FileStream file, CancellationToken cancellationToken)
    {
        var missing = await videos.UseAsync(contentId, cancellationToken);
        if (missing is not null && await ExistsAsync(missing, cancellationToken))
        {
            return missing;
        }

        var key = VideoKey.New(contentId);
        await CommitAsync(key, file, cancellationToken);
        var recorded = await videos.RecordAsync(contentId, key, file.Length, missing, cancellationToken);
        if (recorded != key)
        {
            // Another submission uploaded the same video meanwhile.
            await bucket.DeleteAsync(NameOf(key), cancellationToken);
        }

        return recorded;
    }

    /// <summary>Deletes old videos that are neither recorded nor of a job.</summary>
    private async Task<int> RemoveUnrecordedAsync(DateTimeOffset writtenBefore, CancellationToken cancellationToken)
    {
        var removed = 0;
        var old = bucket.ListAsync(VideosFolder, cancellationToken)
            .Where(entry => entry.ModifiedAt < writtenBefore)
            .Select(entry => entry.Name[VideosFolder.Length..])
            .Where(key => VideoKey.TryParse(key, out _));
        await foreach (var keys in old.Chunk(SweepBatch).WithCancellation(cancellationToken))
        {
            var known = await videos.FindKnownAsync(keys, cancellationToken);
            var unknown = keys.Where(key => !known.Contains(key)).ToList();
            await bucket.DeleteAsync(unknown.Select(NameOf), cancellationToken);
            removed += unknown.Count;
        }

        return removed;
    }

    private static string NameOf(string key) =>
        (VideoKey.TryParse(StorageKey.Require(key), out _) ? VideosFolder : JobsFolder) + key;
}

/// <summary>A local file that becomes an artifact when it is uploaded.</summary>
/// <param name="storage">The storage.</param>
/// <param name="key">Key of the artifact.</param>
/// <param name="file">The file.</param>
/// <param name="keepsFile">Whether the file belongs to another one and stays.</param>
internal sealed class S3Artifact(S3Storage storage, string key, FileStream file, bool keepsFile = false)
    : IStagedArtifact
{
    /// <inheritdoc />
    public Stream Stream { get; } = new ArtifactStream(file);

    /// <inheritdoc />
    public Task CommitAsync(CancellationToken cancellationToken) => storage.CommitAsync(key, file, cancellationToken);

    /// <inheritdoc />
    public Task<string> CommitSharedAsync(string contentId, CancellationToken cancellationToken) =>
        storage.CommitVideoAsync(contentId, file, cancellationToken);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await file.DisposeAsync();
        if (!keepsFile)
        {
            File.Delete(file.Name);
        }
    }
}

/// <summary>A video that the bucket has already.</summary>
/// <param name="videos">Its record.</param>
/// <param name="contentId">Its content.</param>
/// <param name="stream">Its bytes.</param>
internal sealed class LinkedVideo(IVideoReferences videos, string contentId, Stream stream) : IStagedArtifact
{
    /// <inheritdoc />
    public Stream Stream => stream;

    /// <inheritdoc />
    public Task CommitAsync(CancellationToken cancellationToken) =>
        throw new NotSupportedException("A linked video is committed by its content.");

    /// <inheritdoc />
    public async Task<string> CommitSharedAsync(string id, CancellationToken cancellationToken) =>
        await videos.UseAsync(contentId, cancellationToken)
        ?? throw new FileNotFoundException($"There is no video {contentId}.", contentId);

    /// <inheritdoc />
    public ValueTask DisposeAsync() => stream.DisposeAsync();
}
