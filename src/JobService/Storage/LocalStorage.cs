using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using ForegSyte.Hosting.Configuration;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// Keeps artifacts as files of one folder. A symbolic link in it is no artifact: it is not read, and a commit under its
/// name replaces the link and not what it points to.
/// </summary>
internal sealed partial class LocalStorage : IStorage, IAsyncDisposable
{
    /// <summary>The note of the generation: no key, since it begins with a dot.</summary>
    private const string NoteName = ".generation";

    private readonly string _root;
    private readonly long _minFreeBytes;
    private readonly ContentAddressedFiles _shared;
    private readonly FileCommits _commits;
    private readonly ConcurrentDictionary<string, bool> _staged = new();

    public LocalStorage(IOptions<StorageOptions> options)
    {
        _root = CanonicalPath.Resolve(options.Value.Root);
        _minFreeBytes = options.Value.MinFreeBytes;
        Directory.CreateDirectory(_root);
        _shared = new ContentAddressedFiles(_root);
        _commits = new FileCommits(_root, _shared.IsSupported ? _shared : null);
    }

    /// <inheritdoc />
    public bool Shares => _shared.IsSupported;

    /// <inheritdoc />
    public IStagedArtifact Stage(string key)
    {
        var path = PathOf(key);
        var temporaryPath = Path.Combine(_root, $".{key}.{Guid.NewGuid():N}.tmp");
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
                file, temporaryPath, path, _commits, () => _staged.TryRemove(temporaryPath, out _));
        }
        catch (IOException failure) when (DiskFull.Is(failure))
        {
            _staged.TryRemove(temporaryPath, out _);
            throw DiskFull.Report(failure);
        }
    }

    /// <inheritdoc />
    public IStagedArtifact? TryAdopt(string path, string key) => Shares
        ? new AdoptedArtifact(
            new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, 0),
            path,
            PathOf(key),
            _commits)
        : null;

    /// <inheritdoc />
    public Stream OpenRead(string key)
    {
        var path = PathOf(key);
        return IsArtifact(path)
            ? new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete)
            : throw new FileNotFoundException($"There is no artifact {key}.", key);
    }

    /// <inheritdoc />
    public bool Exists(string key) => IsArtifact(PathOf(key));

    /// <summary>
    /// Removes the file. The folder is not synchronized: a file that a power loss brings back is an orphan, and the
    /// sweep at start removes those.
    /// </summary>
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
    public bool DeleteShared(string key, string? sha256)
    {
        var mayBeShared = sha256 is null && HardLink.CountOf(PathOf(key)) > 1;
        var isDeleted = Delete(key);
        if (sha256 is not null)
        {
            _shared.Release(sha256);
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
    public int RemoveAbandoned()
    {
        var abandoned = Directory.EnumerateFiles(_root)
            .Where(path => TemporaryName().IsMatch(Path.GetFileName(path)) && !_staged.ContainsKey(path))
            .ToList();
        abandoned.ForEach(File.Delete);
        return abandoned.Count;
    }

    /// <summary>Each part is escaped by itself: Uri would take a "%25" in a folder's name for an escaped "%".</summary>
    public Uri UriOf(string key) => new(
        "file://" + string.Join('/', PathOf(key).Split(Path.DirectorySeparatorChar).Select(Uri.EscapeDataString)));

    /// <inheritdoc />
    public void RequireRoom(long videoBytes)
    {
        if (_minFreeBytes > 0 && FreeBytes() - videoBytes < _minFreeBytes)
        {
            throw DiskFull.Report(_minFreeBytes);
        }
    }

    /// <summary>A note that cannot be read is that of no database.</summary>
    public StoreGeneration? ReadGeneration()
    {
        var path = Path.Combine(_root, NoteName);
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
        var temporaryPath = Path.Combine(_root, $"{NoteName}.{Guid.NewGuid():N}.tmp");
        try
        {
            using (var file = new StreamWriter(temporaryPath))
            {
                file.WriteLine(
                    string.Create(
                        CultureInfo.InvariantCulture, $"{generation.DatabaseId:D} {generation.Generation}"));
                file.Flush();
                ((FileStream)file.BaseStream).Flush(flushToDisk: true);
            }

            File.Move(temporaryPath, Path.Combine(_root, NoteName), overwrite: true);
            DurableFolder.Flush(_root);
        }
        catch (IOException failure) when (DiskFull.Is(failure))
        {
            throw DiskFull.Report(failure);
        }
    }

    /// <inheritdoc />
    public long FreeBytes() => new DriveInfo(_root).AvailableFreeSpace;

    /// <summary>Completes the commits that are under way.</summary>
    public ValueTask DisposeAsync() => _commits.DisposeAsync();

    private string PathOf(string key) => Path.Combine(_root, StorageKey.Require(key));

    private static bool IsArtifact(string path) => new FileInfo(path) is { Exists: true, LinkTarget: null };

    [GeneratedRegex(@"^\.[A-Za-z0-9._-]+\.[0-9a-f]{32}\.tmp$", RegexOptions.CultureInvariant)]
    private static partial Regex TemporaryName();
}
