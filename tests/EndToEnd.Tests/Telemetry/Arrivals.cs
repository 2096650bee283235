namespace ForegSyte.EndToEnd.Tests.Telemetry;

/// <summary>What has come in so far, for those who wait for something to be among it.</summary>
internal sealed class Arrivals<T>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly List<T> _all = [];
    private TaskCompletionSource _arrived = NewSignal();

    /// <summary>Adds what has come.</summary>
    public void Add(IEnumerable<T> items)
    {
        lock (_lock)
        {
            _all.AddRange(items);
            _arrived.SetResult();
            _arrived = NewSignal();
        }
    }

    /// <summary>Waits until all that has come is as it is wanted.</summary>
    /// <param name="isComplete">Whether it is.</param>
    /// <param name="describe">What has come, for the message.</param>
    /// <exception cref="TimeoutException">It never was.</exception>
    public async Task<IReadOnlyList<T>> WaitForAsync(
        Func<IReadOnlyList<T>, bool> isComplete, Func<IReadOnlyList<T>, string> describe)
    {
        using var limit = new CancellationTokenSource(Patience, TimeProvider.System);
        while (true)
        {
            IReadOnlyList<T> all;
            Task arrived;
            lock (_lock)
            {
                (all, arrived) = ([.. _all], _arrived.Task);
            }

            if (isComplete(all))
            {
                return all;
            }

            try
            {
                await arrived.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"This came:\n{describe(all)}");
            }
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
