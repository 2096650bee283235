using ForegSyte.Jobs.Storage;

namespace ForegSyte.Jobs.Tests.Fakes;

/// <summary>A storage that reports each change before and after it.</summary>
/// <param name="inner">The storage that does the work.</param>
/// <param name="onStep">Called with a description of the change.</param>
internal sealed class ObservedStorage(IStorage inner, Func<string, Task> onStep) : IStorage
{
    public ObservedStorage(IStorage inner, Action<string> onStep)
        : this(
            inner,
            step =>
            {
                onStep(step);
                return Task.CompletedTask;
            })
    {
    }

    /// <summary>Called with the key of each artifact that is begun.</summary>
    public Action<string> OnStage { get; init; } = _ => { };

    public bool Shares => inner.Shares;

    public bool IsShared => inner.IsShared;

    public string? Folder => inner.Folder;

    public async ValueTask<IStagedArtifact> StageAsync(string key, CancellationToken cancellationToken)
    {
        OnStage(key);
        return new Staged(await inner.StageAsync(key, cancellationToken), key, onStep);
    }

    public async ValueTask<IStagedArtifact?> TryAdoptAsync(
        string path, string key, CancellationToken cancellationToken) =>
        await inner.TryAdoptAsync(path, key, cancellationToken) is { } adopted
            ? new Staged(adopted, key, onStep)
            : null;

    public async ValueTask<IStagedArtifact?> TryLinkAsync(
        string existingKey, string key, CancellationToken cancellationToken) =>
        await inner.TryLinkAsync(existingKey, key, cancellationToken) is { } linked
            ? new Staged(linked, key, onStep)
            : null;

    public async Task CopyAsync(string existingKey, string key, CancellationToken cancellationToken)
    {
        await onStep($"before the copy to {key}");
        await inner.CopyAsync(existingKey, key, cancellationToken);
        await onStep($"after the copy to {key}");
    }

    public ValueTask<Stream> OpenReadAsync(string key, CancellationToken cancellationToken) =>
        inner.OpenReadAsync(key, cancellationToken);

    public ValueTask<bool> ExistsAsync(string key, CancellationToken cancellationToken) =>
        inner.ExistsAsync(key, cancellationToken);

    public async ValueTask<bool> DeleteAsync(string key, CancellationToken cancellationToken)
    {
        await onStep($"before the removal of {key}");
        return await inner.DeleteAsync(key, cancellationToken);
    }

    public async ValueTask<bool> DeleteSharedAsync(string key, string? contentId, CancellationToken cancellationToken)
    {
        await onStep($"before the removal of {key}");
        return await inner.DeleteSharedAsync(key, contentId, cancellationToken);
    }

    public ValueTask<int> RemoveUnsharedAsync(CancellationToken cancellationToken) =>
        inner.RemoveUnsharedAsync(cancellationToken);

    public IAsyncEnumerable<StoredArtifact> ListKeysAsync(string prefix, CancellationToken cancellationToken) =>
        inner.ListKeysAsync(prefix, cancellationToken);

    public ValueTask<IReadOnlyList<string>> KeysOfAsync(string path, CancellationToken cancellationToken) =>
        inner.KeysOfAsync(path, cancellationToken);

    public ValueTask<int> RemoveAbandonedAsync(CancellationToken cancellationToken) =>
        inner.RemoveAbandonedAsync(cancellationToken);

    public ValueTask<ReadGrant> GrantReadAsync(string key, TimeSpan validity, CancellationToken cancellationToken) =>
        inner.GrantReadAsync(key, validity, cancellationToken);

    public ValueTask<StoreGeneration?> ReadGenerationAsync(CancellationToken cancellationToken) =>
        inner.ReadGenerationAsync(cancellationToken);

    public ValueTask WriteGenerationAsync(StoreGeneration generation, CancellationToken cancellationToken) =>
        inner.WriteGenerationAsync(generation, cancellationToken);

    public long? FreeBytes() => inner.FreeBytes();

    public RoomReservation ReserveRoom(long bytes) => inner.ReserveRoom(bytes);

    private sealed class Staged(IStagedArtifact artifact, string key, Func<string, Task> onStep) : IStagedArtifact
    {
        public Stream Stream => artifact.Stream;

        public async Task CommitAsync(CancellationToken cancellationToken)
        {
            await onStep($"before the commit of {key}");
            await artifact.CommitAsync(cancellationToken);
            await onStep($"after the commit of {key}");
        }

        public async Task<string> CommitSharedAsync(string contentId, CancellationToken cancellationToken)
        {
            await onStep($"before the commit of {key}");
            var committed = await artifact.CommitSharedAsync(contentId, cancellationToken);
            await onStep($"after the commit of {key}");
            return committed;
        }

        public ValueTask DisposeAsync() => artifact.DisposeAsync();
    }
}
