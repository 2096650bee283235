using System.Collections.Concurrent;
using ForegSyte.Jobs.Storage;

namespace ForegSyte.Jobs.Tests.Fakes;

/// <summary>A storage in memory.</summary>
internal sealed class InMemoryStorage : IStorage
{
    private readonly ConcurrentDictionary<string, byte[]> _artifacts = new(StringComparer.Ordinal);

    private StoreGeneration? _generation;

    /// <summary>Free bytes of the empty storage.</summary>
    public long SizeBytes { get; init; } = 1L << 40;

    public IStagedArtifact Stage(string key) => new Staged(this, StorageKey.Require(key));

    public IStagedArtifact? TryAdopt(string path, string key) => null;

    public IStagedArtifact? TryLink(string existingKey, string key) => Exists(existingKey)
        ? null
        : throw new FileNotFoundException($"There is no artifact {existingKey}.", existingKey);

    public Stream OpenRead(string key) => _artifacts.TryGetValue(StorageKey.Require(key), out var bytes)
        ? new MemoryStream(bytes, writable: false)
        : throw new FileNotFoundException($"There is no artifact {key}.", key);

    public bool Exists(string key) => _artifacts.ContainsKey(StorageKey.Require(key));

    public bool Delete(string key) => _artifacts.TryRemove(StorageKey.Require(key), out _);

    public bool DeleteShared(string key, string? sha256) => Delete(key);

    public int RemoveUnshared() => 0;

    public bool Shares => false;

    public IEnumerable<string> ListKeys() => _artifacts.Keys;

    public int RemoveAbandoned() => 0;

    public StoreGeneration? ReadGeneration() => _generation;

    public void WriteGeneration(StoreGeneration generation) => _generation = generation;

    public long FreeBytes() => SizeBytes - _artifacts.Values.Sum(bytes => bytes.LongLength);

    public long CapacityBytes() => SizeBytes;

    public long SharedBytes => 0;

    public void CountShared(long sharedBytes)
    {
        // Nothing is shared in memory.
    }

    public void CountShared(string key)
    {
        // Nothing is shared in memory.
    }

    public void CountAdopted(string path)
    {
        // Nothing is shared in memory.
    }

    public void RequireRoom(long bytes, bool asUnshared)
    {
        // There is no minimum in memory.
    }

    public IDisposable ReserveRoom(long bytes, bool asUnshared) => RoomReservation.None;

    public void DeleteAdopted(string path) => File.Delete(path);

    public Uri UriOf(string key) => new("file:///in-memory/" + StorageKey.Require(key));

    private sealed class Staged(InMemoryStorage storage, string key) : IStagedArtifact
    {
        private readonly MemoryStream _bytes = new();

        public Stream Stream => _bytes;

        public Task CommitAsync(CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            storage._artifacts[key] = _bytes.ToArray();
            return Task.CompletedTask;
        }

        public Task CommitSharedAsync(string sha256, CancellationToken cancellationToken) =>
            CommitAsync(cancellationToken);

        public ValueTask DisposeAsync() => _bytes.DisposeAsync();
    }
}
