namespace ForegSyte.Jobs.Queue;

/// <summary>
/// The queue of one process, rebuilt from the database at start. It has no bound of its own: what waits is already
/// durable, so that refusing an id here would only hide the job.
/// </summary>
internal sealed class InMemoryQueue : IJobQueue
{
    private readonly Lock _lock = new();
    private readonly RankedIds _ids = new();
    private readonly LinkedList<TaskCompletionSource<Guid>> _takers = new();

    /// <inheritdoc />
    public int Size
    {
        get
        {
            lock (_lock)
            {
                return _ids.Count;
            }
        }
    }

    /// <inheritdoc />
    public bool Enqueue(Guid jobId, DateTimeOffset rank)
    {
        lock (_lock)
        {
            if (!_ids.Add(jobId, rank))
            {
                return false;
            }

            // Who waits has found nothing: the id that was just added is the only one.
            while (_takers.First is { } taker)
            {
                _takers.RemoveFirst();
                if (taker.Value.TrySetResult(jobId))
                {
                    _ids.Remove(jobId);
                    break;
                }
            }

            return true;
        }
    }

    /// <inheritdoc />
    public bool Remove(Guid jobId)
    {
        lock (_lock)
        {
            return _ids.Remove(jobId);
        }
    }

    /// <inheritdoc />
    public int? PositionOf(Guid jobId)
    {
        lock (_lock)
        {
            return _ids.PositionOf(jobId);
        }
    }

    /// <inheritdoc />
    public async ValueTask<Guid> DequeueAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        LinkedListNode<TaskCompletionSource<Guid>> taker;
        lock (_lock)
        {
            if (_ids.TakeFirst() is { } jobId)
            {
                return jobId;
            }

            taker = _takers.AddLast(
                new TaskCompletionSource<Guid>(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        // Either an id or the cancellation reaches the taker first, so that no id is lost between the two.
        await using var ending = cancellationToken.Register(() =>
        {
            if (taker.Value.TrySetCanceled(cancellationToken))
            {
                Forget(taker);
            }
        });
        return await taker.Value.Task;
    }

    private void Forget(LinkedListNode<TaskCompletionSource<Guid>> taker)
    {
        lock (_lock)
        {
            // Enqueue may have come across it and dropped it.
            if (taker.List is not null)
            {
                _takers.Remove(taker);
            }
        }
    }
}
