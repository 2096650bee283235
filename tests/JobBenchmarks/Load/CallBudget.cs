namespace ForegSyte.JobBenchmarks.Load;

/// <summary>How many calls may still be begun, by count and by time. Shared by all callers.</summary>
internal sealed class CallBudget(int calls, TimeSpan duration)
{
    private readonly long _start = TimeProvider.System.GetTimestamp();
    private int _left = calls;

    /// <summary>The time since the load began.</summary>
    public TimeSpan Elapsed => TimeProvider.System.GetElapsedTime(_start);

    /// <summary>Takes one call, if there is one left.</summary>
    public bool TryTake() => Elapsed < duration && Interlocked.Decrement(ref _left) >= 0;
}
