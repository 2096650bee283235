using System.Collections.Concurrent;
using ForegSyte.Jobs.Storage;

namespace ForegSyte.Jobs.Tests.Fakes;

/// <summary>A storage in memory. Its streams refuse synchronous reads, as those of an object store do.</summary>
internal sealed class InMemoryStorage : IStorage
{
    private readonly ConcurrentDictionary<string, (byte[] Bytes, DateTimeOffset ModifiedAt)> _artifacts =
        new(StringComparer.Ordinal);

    private StoreGeneration? _generation;

    /// <summary>Free bytes of the empty storage; null for no limit.</summary>
    public long? SizeBytes { get; init; } = 1L << 40;

    /// <summary>What reserves the room.</summary>
    public DiskRoom Room { get; init; } = new(() => long.MaxValue, minFreeBytes: 0);

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Called before bytes are written.</summary>
    public Action OnWrite { get; set; } = () => { };

    /// <summary>Called with the key and the number of bytes of each read.</summary>
    public Action<string, int> OnRead { get; set; } = (_, _) => { };

    /// <summary>
    /// Called with the name of the method, and the key if there is one, before the storage is searched or cleaned.
    /// </summary>
    public Action<string> OnCall { get; set; } = _ => { };

    /// <summary>Like a network, a read can return fewer bytes than requested.</summary>
    public int MaxBytesPerRead { get; init; } = int.MaxValue;

    public bool Shares => false;

    public bool IsShared { get; init; }

    public string? Folder => null;

    public ValueTask<IStagedArtifact> StageAsync(string key, CancellationToken cancellationToken) =>
        new(new Staged(this, StorageKey.Require(key)));

    public ValueTask<IStagedArtifact?> TryAdoptAsync(string path, string key, CancellationToken cancellationToken) =>
        new((IStagedArtifact?)null);

    public ValueTask<IStagedArtifact?> TryLinkAsync(
        string existingKey, string key, CancellationToken cancellationToken) =>
        _artifacts.ContainsKey(StorageKey.Require(existingKey))
            ? new((IStagedArtifact?)null)
            : throw NotFound(existingKey);

    public ValueTask<Stream> OpenReadAsync(string key, CancellationToken cancellationToken) =>
        _artifacts.TryGetValue(StorageKey.Require(key), out var artifact)
            ? new(new AsynchronousStream(artifact.Bytes, MaxBytesPerRead, bytes => OnRead(key, bytes)))
            : throw NotFound(key);

    public ValueTask<bool> ExistsAsync(string key, CancellationToken cancellationToken)
    {
        OnCall($"{nameof(ExistsAsync)} {key}");
        return new(_artifacts.ContainsKey(StorageKey.Require(key)));
    }

    public ValueTask<bool> DeleteAsync(string key, CancellationToken cancellationToken) =>
        new(_artifacts.TryRemove(StorageKey.Require(key), out _));

    public ValueTask<bool> DeleteSharedAsync(string key, string? contentId, CancellationToken cancellationToken) =>
        DeleteAsync(key, cancellationToken);

    public ValueTask<int> RemoveUnsharedAsync(CancellationToken cancellationToken)
    {
        OnCall(nameof(RemoveUnsharedAsync));
        return new(0);
    }

    public IAsyncEnumerable<StoredArtifact> ListKeysAsync(string prefix, CancellationToken cancellationToken)
    {
        OnCall(nameof(ListKeysAsync));
        return _artifacts.Where(artifact => artifact.Key.StartsWith(prefix, StringComparison.Ordinal))
            .Select(artifact => new StoredArtifact(artifact.Key, artifact.Value.ModifiedAt))
            .ToAsyncEnumerable();
    }

    public ValueTask<IReadOnlyList<string>> KeysOfAsync(string path, CancellationToken cancellationToken) => new([]);

    public ValueTask<int> RemoveAbandonedAsync(CancellationToken cancellationToken) => new(0);

    public ValueTask<ReadGrant> GrantReadAsync(string key, TimeSpan validity, CancellationToken cancellationToken) =>
        new(new ReadGrant(new Uri("file:///in-memory/" + StorageKey.Require(key)), ContentId: null));

    public ValueTask<StoreGeneration?> ReadGenerationAsync(CancellationToken cancellationToken)
    {
        OnCall(nameof(ReadGenerationAsync));
        return new(_generation);
    }

    public ValueTask WriteGenerationAsync(StoreGeneration generation, CancellationToken cancellationToken)
    {
        _generation = generation;
        return ValueTask.CompletedTask;
    }

    public long? FreeBytes() => SizeBytes - _artifacts.Values.Sum(artifact => artifact.Bytes.LongLength);

    public RoomReservation ReserveRoom(long bytes) => Room.Reserve(bytes);

    private static FileNotFoundException NotFound(string key) => new($"There is no artifact {key}.", key);

    private sealed class Staged(InMemoryStorage storage, string key) : IStagedArtifact
    {
        private readonly WatchedStream _bytes = new(storage);

        public Stream Stream => _bytes;

        public Task CommitAsync(CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            storage._artifacts[key] = (_bytes.ToArray(), storage.Time.GetUtcNow());
            return Task.CompletedTask;
        }

        public async Task<string> CommitSharedAsync(string contentId, CancellationToken cancellationToken)
        {
            await CommitAsync(cancellationToken);
            return key;
        }

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

    /// <summary>Reports each read, which must be asynchronous.</summary>
    private sealed class AsynchronousStream(byte[] bytes, int maxBytesPerRead, Action<int> onRead) : Stream
    {
        private readonly MemoryStream _bytes = new(bytes, writable: false);

        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => _bytes.Length;

        public override long Position
        {
            get => _bytes.Position;
            set => _bytes.Position = value;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException(
            "An artifact was read synchronously, which blocks a thread while an object store answers.");

        public override Task<int> ReadAsync(
            byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var read = _bytes.Read(buffer.Span[..Math.Min(buffer.Length, maxBytesPerRead)]);
            onRead(read);
            return new(read);
        }

        public override long Seek(long offset, SeekOrigin origin) => _bytes.Seek(offset, origin);

        public override void Flush()
        {
            // Nothing is written.
        }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
