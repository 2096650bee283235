using System.Collections.Concurrent;
using System.ComponentModel.DataAnnotations;
using System.Text.RegularExpressions;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Storage;

/// <summary>Where artifacts are stored. Section "Storage".</summary>
internal sealed class StorageOptions
{
    public const string Section = "Storage";

    /// <summary>Default name of the folder in DataDirectory.</summary>
    public const string DefaultFolderName = "video_jobs";

    /// <value>Absolute path of the folder. Default: video_jobs in DataDirectory.</value>
    [Required]
    public string Root { get; set; } = "";

    /// <value>
    /// Free space in bytes that must remain after a new video is stored, so that the database and the results of
    /// accepted jobs have room. Default 64 MiB; 0 for no minimum.
    /// </value>
    [Range(0, 1L << 50)]
    [Limit(
        "bytes", "Free space that must remain after a new video; a larger video is refused.",
        Reason = ErrorReason.StorageFull)]
    public long MinFreeBytes { get; set; } = 64L << 20;
}

/// <summary>
/// Stores artifacts as files in one folder. A symbolic link in the folder is not an artifact: it is never read, and a
/// commit under its name replaces the link and not its target.
/// </summary>
internal sealed partial class LocalStorage : IStorage, IAsyncDisposable
{
    /// <summary>Name of the file with the generation; not a key, since it starts with a dot.</summary>
    private const string GenerationFileName = ".generation";

    private readonly string _root;
    private readonly Func<long> _freeBytes;
    private readonly DiskRoom _room;
    private readonly ContentAddressedFiles _shared;
    private readonly FileCommitter _committer;
    private readonly ConcurrentDictionary<string, bool> _staged = new();

    /// <param name="options">Where the files are.</param>
    /// <param name="freeBytes">The free space of the disk; null to ask the operating system.</param>
    public LocalStorage(IOptions<StorageOptions> options, Func<long>? freeBytes = null)
    {
        _freeBytes = freeBytes ?? (() => new DriveInfo(_root!).AvailableFreeSpace);
        _root = CanonicalPath.Resolve(options.Value.Root);
        _room = new DiskRoom(_freeBytes, options.Value.MinFreeBytes);
        Directory.CreateDirectory(_root);
        _shared = new ContentAddressedFiles(_root);
        _committer = new FileCommitter(_root, _shared.IsSupported ? _shared : null);
    }

    /// <inheritdoc />
    public bool Shares => _shared.IsSupported;

    /// <inheritdoc />
    public bool IsShared => false;

    /// <inheritdoc />
    public string Folder => _root;

    /// <inheritdoc />
    public ValueTask<IStagedArtifact> StageAsync(string key, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var path = PathOf(key);
        var temporaryPath = TemporaryPathOf(key);
        _staged[temporaryPath] = true;
        try
        {
            var file = new FileStream(temporaryPath, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.ReadWrite,
                Share = FileShare.Read,
                BufferSize = 0,
                Options = FileOptions.Asynchronous,
            });
            return new(new LocalArtifact(
                new FileCommit(file, temporaryPath, path), _committer,
                () => _staged.TryRemove(temporaryPath, out _)));
        }
        catch (IOException failure) when (DiskFull.Is(failure))
        {
            _staged.TryRemove(temporaryPath, out _);
            throw DiskFull.Report(failure);
        }
    }

    /// <inheritdoc />
    /// <remarks>
    /// A file with a second name already belongs to the job of a submission that was cut off, perhaps of another
    /// tenant.
    /// </remarks>
    public ValueTask<IStagedArtifact?> TryAdoptAsync(string path, string key, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(Shares && HardLink.CountOf(path) == 1
            ? new LocalArtifact(
                new FileCommit(
                    new FileStream(
                        path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, 0),
                    path, PathOf(key))
                { KeepsSource = true },
                _committer,
                () => { })
            : null);
    }

    /// <inheritdoc />
    /// <remarks>The bytes get a temporary name at once, which a crash leaves for the sweep of such files.</remarks>
    public ValueTask<IStagedArtifact?> TryLinkAsync(
        string existingKey, string key, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var existing = PathOf(existingKey);
        var temporaryPath = TemporaryPathOf(key);
        _staged[temporaryPath] = true;
        if (Shares && IsArtifact(existing) && HardLink.TryCreate(existing, temporaryPath))
        {
            return new(new LocalArtifact(
                new FileCommit(OpenFile(temporaryPath), temporaryPath, PathOf(key)), _committer,
                () => _staged.TryRemove(temporaryPath, out _)));
        }

        _staged.TryRemove(temporaryPath, out _);
        return IsArtifact(existing) ? new((IStagedArtifact?)null) : throw NotFound(existingKey);
    }

    /// <inheritdoc />
    /// <remarks>The bytes get a second name, if the file system has hard links.</remarks>
    public async Task CopyAsync(string existingKey, string key, CancellationToken cancellationToken)
    {
        if (await TryLinkAsync(existingKey, key, cancellationToken) is { } linked)
        {
            await using (linked)
            {
                await linked.CommitAsync(cancellationToken);
                return;
            }
        }

        await using var existing = await OpenReadAsync(existingKey, cancellationToken);
        await using var artifact = await StageAsync(key, cancellationToken);
        await existing.CopyToAsync(artifact.Stream, cancellationToken);
        await artifact.CommitAsync(cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask<Stream> OpenReadAsync(string key, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var path = PathOf(key);
        return IsArtifact(path) ? new(OpenFile(path)) : throw NotFound(key);
    }

    /// <inheritdoc />
    public ValueTask<bool> ExistsAsync(string key, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(IsArtifact(PathOf(key)));
    }

    /// <inheritdoc />
    /// <remarks>The folder is not synced: the sweep at start deletes a file that a power loss brings back.</remarks>
    public ValueTask<bool> DeleteAsync(string key, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(Delete(key));
    }

    /// <inheritdoc />
    public ValueTask<bool> DeleteSharedAsync(string key, string? contentId, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var mayBeShared = contentId is null && HardLink.CountOf(PathOf(key)) > 1;
        var isDeleted = Delete(key);
        if (contentId is not null)
        {
            _shared.Release(contentId);
        }
        else if (mayBeShared)
        {
            _shared.RemoveUnused();
        }

        return new(isDeleted);
    }

    /// <inheritdoc />
    public ValueTask<int> RemoveUnsharedAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(_shared.RemoveUnused());
    }

    /// <inheritdoc />
    public IAsyncEnumerable<StoredArtifact> ListKeysAsync(string prefix, CancellationToken cancellationToken) =>
        new DirectoryInfo(_root).EnumerateFiles()
            .Where(file => file.Name.StartsWith(prefix, StringComparison.Ordinal) && StorageKey.IsValid(file.Name)
                && IsArtifact(file))
            .Select(file => new StoredArtifact(file.Name, file.LastWriteTimeUtc))
            .ToAsyncEnumerable();

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<string>> KeysOfAsync(string path, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(HardLink.CountOf(path) > 1
            ? [.. Directory.EnumerateFiles(_root)
                .Where(other => StorageKey.IsValid(Path.GetFileName(other)) && IsArtifact(other)
                    && HardLink.NumberOf(other) == HardLink.NumberOf(path))
                .Select(other => Path.GetFileName(other))]
            : []);
    }

    /// <inheritdoc />
    public ValueTask<int> RemoveAbandonedAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var abandoned = Directory.EnumerateFiles(_root)
            .Where(path => TemporaryName().IsMatch(Path.GetFileName(path)) && !_staged.ContainsKey(path))
            .ToList();
        abandoned.ForEach(File.Delete);
        return new(abandoned.Count);
    }

    /// <inheritdoc />
    /// <remarks>
    /// Each segment of the path is escaped separately: Uri would read "%25" in a folder's name as an escaped "%".
    /// </remarks>
    public ValueTask<ReadGrant> GrantReadAsync(string key, TimeSpan validity, CancellationToken cancellationToken)
    {
        var segments = PathOf(key).Split(Path.DirectorySeparatorChar).Select(Uri.EscapeDataString);
        return new(new ReadGrant(new Uri("file://" + string.Join('/', segments)), ContentId: null));
    }

    /// <inheritdoc />
    public RoomReservation ReserveRoom(long bytes) => _room.Reserve(bytes);

    /// <inheritdoc />
    public async ValueTask<StoreGeneration?> ReadGenerationAsync(CancellationToken cancellationToken)
    {
        var path = Path.Combine(_root, GenerationFileName);
        return File.Exists(path)
            ? StoreGeneration.Parse(await File.ReadAllTextAsync(path, cancellationToken))
            : null;
    }

    /// <inheritdoc />
    public ValueTask WriteGenerationAsync(StoreGeneration generation, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var temporaryPath = Path.Combine(_root, $"{GenerationFileName}.{Guid.NewGuid():N}.tmp");
        try
        {
            using (var file = new StreamWriter(temporaryPath))
            {
                file.WriteLine(generation.ToText());
                file.Flush();
                DiskSync.SyncFile((FileStream)file.BaseStream);
            }

            File.Move(temporaryPath, Path.Combine(_root, GenerationFileName), overwrite: true);
            DiskSync.SyncFolder(_root);
            return ValueTask.CompletedTask;
        }
        catch (IOException failure) when (DiskFull.Is(failure))
        {
            throw DiskFull.Report(failure);
        }
    }

    /// <inheritdoc />
    public long? FreeBytes() => _freeBytes();

    /// <summary>Completes the pending commits.</summary>
    public ValueTask DisposeAsync() => _committer.DisposeAsync();

    private bool Delete(string key)
    {
        var path = PathOf(key);
        if (!IsArtifact(path))
        {
            return false;
        }

        File.Delete(path);
        return true;
    }

    private string PathOf(string key) => Path.Combine(_root, StorageKey.Require(key));

    private string TemporaryPathOf(string key) =>
        Path.Combine(_root, $".{StorageKey.Require(key)}.{Guid.NewGuid():N}.tmp");

    private static FileStream OpenFile(string path) =>
        new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    private static FileNotFoundException NotFound(string key) => new($"There is no artifact {key}.", key);

    private static bool IsArtifact(string path) => IsArtifact(new FileInfo(path));

    private static bool IsArtifact(FileInfo file) => file is { Exists: true, LinkTarget: null };

    [GeneratedRegex(@"^\.[A-Za-z0-9._-]+\.[0-9a-f]{32}\.tmp$", RegexOptions.CultureInvariant)]
    private static partial Regex TemporaryName();
}
