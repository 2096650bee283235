using ForegSyte.Jobs.Storage;

namespace ForegSyte.Jobs.Tests.Fakes;

/// <summary>A storage that reports each change before and after it.</summary>
/// <param name="inner">The storage that does the work.</param>
/// <param name="onStep">Called with a description of the change.</param>
internal sealed class ObservedStorage(IStorage inner, Action<string> onStep) : IStorage
{
    public IStagedArtifact Stage(string key) => new Staged(inner.Stage(key), key, onStep);

    public IStagedArtifact? TryAdopt(string path, string key) =>
        inner.TryAdopt(path, key) is { } adopted ? new Staged(adopted, key, onStep) : null;

    public IStagedArtifact? TryLink(string existingKey, string key) =>
        inner.TryLink(existingKey, key) is { } linked ? new Staged(linked, key, onStep) : null;

    public Stream OpenRead(string key) => inner.OpenRead(key);

    public bool Exists(string key) => inner.Exists(key);

    public bool Delete(string key)
    {
        onStep($"before the removal of {key}");
        return inner.Delete(key);
    }

    public bool DeleteShared(string key, string? contentId)
    {
        onStep($"before the removal of {key}");
        return inner.DeleteShared(key, contentId);
    }

    public int RemoveUnshared() => inner.RemoveUnshared();

    public bool Shares => inner.Shares;

    public IEnumerable<string> ListKeys() => inner.ListKeys();

    public StoreGeneration? ReadGeneration() => inner.ReadGeneration();

    public void WriteGeneration(StoreGeneration generation) => inner.WriteGeneration(generation);

    public long FreeBytes() => inner.FreeBytes();

    public IReadOnlyList<string> KeysOf(string path) => inner.KeysOf(path);

    public int RemoveAbandoned() => inner.RemoveAbandoned();

    public RoomReservation ReserveRoom(long bytes) => inner.ReserveRoom(bytes);

    public Uri UriOf(string key) => inner.UriOf(key);

    private sealed class Staged(IStagedArtifact artifact, string key, Action<string> onStep) : IStagedArtifact
    {
        public Stream Stream => artifact.Stream;

        public async Task CommitAsync(CancellationToken cancellationToken)
        {
            onStep($"before the commit of {key}");
            await artifact.CommitAsync(cancellationToken);
            onStep($"after the commit of {key}");
        }

        public async Task CommitSharedAsync(string contentId, CancellationToken cancellationToken)
        {
            onStep($"before the commit of {key}");
            await artifact.CommitSharedAsync(contentId, cancellationToken);
            onStep($"after the commit of {key}");
        }

        public ValueTask DisposeAsync() => artifact.DisposeAsync();
    }
}
