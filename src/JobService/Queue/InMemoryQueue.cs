using System.Collections.Concurrent;
using System.Threading.Channels;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// The queue of one process, rebuilt from the database at start. It holds 16 bytes a job and has no bound of its own:
/// what waits is already durable, so that refusing an id here would only hide the job.
/// </summary>
internal sealed class InMemoryQueue : IJobQueue
{
    private readonly Channel<Guid> _ids = Channel.CreateUnbounded<Guid>();
    private readonly ConcurrentDictionary<Guid, bool> _waiting = new();

    /// <inheritdoc />
    public int Size => _waiting.Count;

    /// <inheritdoc />
    public ValueTask EnqueueAsync(Guid jobId, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return _waiting.TryAdd(jobId, true)
            ? _ids.Writer.WriteAsync(jobId, cancellationToken)
            : ValueTask.CompletedTask;
    }

    /// <inheritdoc />
    public async ValueTask<Guid> DequeueAsync(CancellationToken cancellationToken)
    {
        var jobId = await _ids.Reader.ReadAsync(cancellationToken);
        _waiting.TryRemove(jobId, out _);
        return jobId;
    }
}
