using System.Collections.Concurrent;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
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
    public IStagedArtifact Stage(string key)
    {
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
            return new LocalArtifact(
                new FileCommit(file, temporaryPath, path), _committer,
                () => _staged.TryRemove(temporaryPath, out _));
        }
        catch (IOException failure) when (DiskFull.Is(failure))
        {
            _staged.TryRemove(temporaryPath, out _);
            throw DiskFull.Report(failure);
        }
    }

    /// <inheritdoc />
    public IStagedArtifact? TryAdopt(string path, string key) => Shares
        ? new LocalArtifact(
            new FileCommit(
                new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, 0),
                path, PathOf(key))
            { KeepsSource = true },
            _committer,
            () => { })
        : null;

    /// <inheritdoc />
    /// <remarks>The bytes get a temporary name at once, which a crash leaves for the sweep of such files.</remarks>
    public IStagedArtifact? TryLink(string existingKey, string key)
    {
        var existing = PathOf(existingKey);
        var temporaryPath = TemporaryPathOf(key);
        _staged[temporaryPath] = true;
        if (Shares && IsArtifact(existing) && HardLink.TryCreate(existing, temporaryPath))
        {
            return new LocalArtifact(
                new FileCommit(OpenFile(temporaryPath), temporaryPath, PathOf(key)), _committer,
                () => _staged.TryRemove(temporaryPath, out _));
        }

        _staged.TryRemove(temporaryPath, out _);
        return IsArtifact(existing) ? null : throw NotFound(existingKey);
    }

    /// <inheritdoc />
    public Stream OpenRead(string key)
    {
        var path = PathOf(key);
        return IsArtifact(path) ? OpenFile(path) : throw NotFound(key);
    }

    /// <inheritdoc />
    public bool Exists(string key) => IsArtifact(PathOf(key));

    /// <inheritdoc />
    /// <remarks>The folder is not synced: the sweep at start deletes a file that a power loss brings back.</remarks>
    public bool Delete(string key)
    {
        var path = PathOf(key);
        if (!IsArtifact(path))
        {
            return false;
        }

        File.Delete(path);
        return true;
    }

    /// <inheritdoc />
    public bool DeleteShared(string key, string? contentId)
    {
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

        return isDeleted;
    }

    /// <inheritdoc />
    public int RemoveUnshared() => _shared.RemoveUnused();

    /// <inheritdoc />
    public IEnumerable<string> ListKeys() =>
        Directory.EnumerateFiles(_root)
            .Where(path => StorageKey.IsValid(Path.GetFileName(path)) && IsArtifact(path))
            .Select(path => Path.GetFileName(path));

    /// <inheritdoc />
    public IReadOnlyList<string> KeysOf(string path) => HardLink.CountOf(path) > 1
        ? [.. ListKeys().Where(key => HardLink.NumberOf(PathOf(key)) == HardLink.NumberOf(path))]
        : [];

    /// <inheritdoc />
    public int RemoveAbandoned()
    {
        var abandoned = Directory.EnumerateFiles(_root)
            .Where(path => TemporaryName().IsMatch(Path.GetFileName(path)) && !_staged.ContainsKey(path))
            .ToList();
        abandoned.ForEach(File.Delete);
        return abandoned.Count;
    }

    /// <inheritdoc />
    /// <remarks>
    /// Each segment of the path is escaped separately: Uri would read "%25" in a folder's name as an escaped "%".
    /// </remarks>
    public Uri UriOf(string key) => new(
        "file://" + string.Join('/', PathOf(key).Split(Path.DirectorySeparatorChar).Select(Uri.EscapeDataString)));

    /// <inheritdoc />
    public RoomReservation ReserveRoom(long bytes) => _room.Reserve(bytes);

    /// <inheritdoc />
    /// <remarks>A file that cannot be parsed counts as written by an unknown database.</remarks>
    public StoreGeneration? ReadGeneration()
    {
        var path = Path.Combine(_root, GenerationFileName);
        if (!File.Exists(path))
        {
            return null;
        }

        return File.ReadAllText(path).Trim().Split(' ') is [var id, var number]
            && Guid.TryParseExact(id, "D", out var databaseId)
            && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var generation)
                ? new StoreGeneration(databaseId, generation)
                : new StoreGeneration(Guid.Empty, 0);
    }

    /// <inheritdoc />
    public void WriteGeneration(StoreGeneration generation)
    {
        var temporaryPath = Path.Combine(_root, $"{GenerationFileName}.{Guid.NewGuid():N}.tmp");
        try
        {
            using (var file = new StreamWriter(temporaryPath))
            {
                file.WriteLine(
                    string.Create(
                        CultureInfo.InvariantCulture, $"{generation.DatabaseId:D} {generation.Generation}"));
                file.Flush();
                DiskSync.SyncFile((FileStream)file.BaseStream);
            }

            File.Move(temporaryPath, Path.Combine(_root, GenerationFileName), overwrite: true);
            DiskSync.SyncFolder(_root);
        }
        catch (IOException failure) when (DiskFull.Is(failure))
        {
            throw DiskFull.Report(failure);
        }
    }

    /// <inheritdoc />
    public long FreeBytes() => _freeBytes();

    /// <summary>Completes the pending commits.</summary>
    public ValueTask DisposeAsync() => _committer.DisposeAsync();

    private string PathOf(string key) => Path.Combine(_root, StorageKey.Require(key));

    private string TemporaryPathOf(string key) =>
        Path.Combine(_root, $".{StorageKey.Require(key)}.{Guid.NewGuid():N}.tmp");

    private static FileStream OpenFile(string path) =>
        new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    private static FileNotFoundException NotFound(string key) => new($"There is no artifact {key}.", key);

    private static bool IsArtifact(string path) => new FileInfo(path) is { Exists: true, LinkTarget: null };

    [GeneratedRegex(@"^\.[A-Za-z0-9._-]+\.[0-9a-f]{32}\.tmp$", RegexOptions.CultureInvariant)]
    private static partial Regex TemporaryName();
}

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
    public Task CommitSharedAsync(string contentId, CancellationToken cancellationToken) =>
        CommitAsync(commit with { ContentId = contentId }, cancellationToken);

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

    /// <summary>Forwards to a file and reports a full disk as STORAGE_FULL.</summary>
    private sealed class ArtifactStream(FileStream file) : Stream
    {
        public override bool CanRead => file.CanRead;

        public override bool CanSeek => file.CanSeek;

        public override bool CanWrite => file.CanWrite;

        public override long Length => file.Length;

        public override long Position
        {
            get => file.Position;
            set => file.Position = value;
        }

        public override int Read(byte[] buffer, int offset, int count) => file.Read(buffer, offset, count);

        public override int Read(Span<byte> buffer) => file.Read(buffer);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            file.ReadAsync(buffer, cancellationToken);

        public override long Seek(long offset, SeekOrigin origin) => file.Seek(offset, origin);

        public override void Flush() => file.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => file.FlushAsync(cancellationToken);

        public override void SetLength(long value)
        {
            try
            {
                file.SetLength(value);
            }
            catch (IOException failure) when (DiskFull.Is(failure))
            {
                throw DiskFull.Report(failure);
            }
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            try
            {
                file.Write(buffer);
            }
            catch (IOException failure) when (DiskFull.Is(failure))
            {
                throw DiskFull.Report(failure);
            }
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override async ValueTask WriteAsync(
            ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            try
            {
                await file.WriteAsync(buffer, cancellationToken);
            }
            catch (IOException failure) when (DiskFull.Is(failure))
            {
                throw DiskFull.Report(failure);
            }
        }
    }
}
