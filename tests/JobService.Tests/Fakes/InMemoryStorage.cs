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

    /// <summary>What reserves the room.</summary>
    public DiskRoom Room { get; init; } = new(() => long.MaxValue, minFreeBytes: 0);

    /// <summary>Called before bytes are written.</summary>
    public Action OnWrite { get; set; } = () => { };

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

    public bool DeleteShared(string key, string? contentId) => Delete(key);

    public int RemoveUnshared() => 0;

    public bool Shares => false;

    public IEnumerable<string> ListKeys() => _artifacts.Keys;

    public IReadOnlyList<string> KeysOf(string path) => [];

    public int RemoveAbandoned() => 0;

    public StoreGeneration? ReadGeneration() => _generation;

    public void WriteGeneration(StoreGeneration generation) => _generation = generation;

    public long FreeBytes() => SizeBytes - _artifacts.Values.Sum(bytes => bytes.LongLength);

    public RoomReservation ReserveRoom(long bytes) => Room.Reserve(bytes);

    public Uri UriOf(string key) => new("file:///in-memory/" + StorageKey.Require(key));

    private sealed class Staged(InMemoryStorage storage, string key) : IStagedArtifact
    {
        private readonly WatchedStream _bytes = new(storage);

        public Stream Stream => _bytes;

        public Task CommitAsync(CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            storage._artifacts[key] = _bytes.ToArray();
            return Task.CompletedTask;
        }

        public Task CommitSharedAsync(string contentId, CancellationToken cancellationToken) =>
            CommitAsync(cancellationToken);

        public ValueTask DisposeAsync() => _bytes.DisposeAsync();
    }
    private sealed class WatchedStream(InMemoryStorage storage) : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            storage.OnWrite();
            return base.WriteAsync(buffer, cancellationToken);
        }
    }
}
