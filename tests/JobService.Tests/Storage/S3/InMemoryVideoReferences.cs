using ForegSyte.Jobs.Storage.S3;

namespace ForegSyte.Jobs.Tests.Storage.S3;

/// <summary>References in memory. No job refers to a video.</summary>
internal sealed class InMemoryVideoReferences : IVideoReferences
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, string> _keys = new(StringComparer.Ordinal);

    /// <summary>The recorded keys.</summary>
    public IReadOnlyCollection<string> Keys
    {
        get
        {
            lock (_lock)
            {
                return [.. _keys.Values];
            }
        }
    }

    /// <summary>Called before an uploaded video is recorded.</summary>
    public Func<Task> OnRecord { get; set; } = () => Task.CompletedTask;

    public Task<string?> UseAsync(string contentId, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult(_keys.GetValueOrDefault(contentId));
        }
    }

    public async Task<string> RecordAsync(
        string contentId, string key, long bytes, string? missingKey, CancellationToken cancellationToken)
    {
        await OnRecord();
        lock (_lock)
        {
            if (!_keys.TryGetValue(contentId, out var recorded) || recorded == missingKey)
            {
                _keys[contentId] = recorded = key;
            }

            return recorded;
        }
    }

    public Task<IReadOnlyList<string>> ForgetUnusedAsync(
        TimeSpan unusedFor, int limit, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var forgotten = _keys.Take(limit).ToList();
            forgotten.ForEach(entry => _keys.Remove(entry.Key));
            return Task.FromResult<IReadOnlyList<string>>([.. forgotten.Select(entry => entry.Value)]);
        }
    }

    public Task<IReadOnlySet<string>> FindKnownAsync(
        IReadOnlyCollection<string> keys, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlySet<string>>(keys.Intersect(Keys).ToHashSet(StringComparer.Ordinal));
}
