namespace ForegSyte.Jobs.Tenants;

/// <summary>Places that tenants share by <see cref="TenantTurns"/>; a tenant's calls are served in order.</summary>
/// <param name="turns">The order of the tenants.</param>
/// <param name="places">Number of places; it can change.</param>
/// <param name="reserve">Number of further places that only tenants without a place can get.</param>
/// <param name="refuse">
/// The error of a call that must wait, by its tenant and the numbers of calls that wait with it, those of the tenant
/// and those of all; null to wait. Without it all calls wait.
/// </param>
internal sealed class TenantPlaces(
    TenantTurns turns, Func<int> places, Func<int> reserve, Func<string, int, int, Exception?>? refuse = null)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedList<TaskCompletionSource>> _waiting = [];

    /// <summary>Number of calls that wait.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Values.Sum(calls => calls.Count);
            }
        }
    }

    /// <summary>Waits for a place; the caller disposes it.</summary>
    /// <exception cref="Exception">The one that refuse returned.</exception>
    public async Task<IDisposable> EnterAsync(string tenant, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var waiter = new LinkedListNode<TaskCompletionSource>(
            new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_lock)
        {
            if (!_waiting.TryGetValue(tenant, out var queue))
            {
                _waiting[tenant] = queue = new LinkedList<TaskCompletionSource>();
                turns.SetWaiting(tenant, true);
            }

            queue.AddLast(waiter);
            ServeLocked();
            if (waiter.List is not null
                && refuse?.Invoke(tenant, queue.Count, Waiting) is { } refusal)
            {
                RemoveLocked(tenant, waiter);
                throw refusal;
            }
        }

        await using var ending = cancellationToken.UnsafeRegister((_, token) => Withdraw(tenant, waiter, token), null);
        await waiter.Value.Task;
        return new Place(this, tenant);
    }

    private void ServeLocked()
    {
        while (turns.Next(places(), reserve()) is { } tenant)
        {
            var waiter = _waiting[tenant].First!;
            turns.Take(tenant);
            RemoveLocked(tenant, waiter);
            waiter.Value.SetResult();
        }
    }

    private void Withdraw(string tenant, LinkedListNode<TaskCompletionSource> waiter, CancellationToken token)
    {
        lock (_lock)
        {
            // A waiter that is in no list has its place.
            if (waiter.List is not null)
            {
                RemoveLocked(tenant, waiter);
                waiter.Value.SetCanceled(token);
            }
        }
    }

    private void RemoveLocked(string tenant, LinkedListNode<TaskCompletionSource> waiter)
    {
        var queue = _waiting[tenant];
        queue.Remove(waiter);
        if (queue.Count == 0)
        {
            _waiting.Remove(tenant);
            turns.SetWaiting(tenant, false);
        }
    }

    private void Leave(string tenant)
    {
        lock (_lock)
        {
            turns.Free(tenant);
            ServeLocked();
        }
    }

    private sealed class Place(TenantPlaces owner, string tenant) : IDisposable
    {
        private TenantPlaces? _owner = owner;

        public void Dispose() => Interlocked.Exchange(ref _owner, null)?.Leave(tenant);
    }
}
