using System.Collections.Concurrent;

namespace ForegSyte.EndToEnd.Tests.Restarts;

/// <summary>What the clients of a load did, counted together.</summary>
internal sealed class LoadTally
{
    private int _calls;
    private int _retries;

    /// <summary>Jobs that were acknowledged.</summary>
    public ConcurrentQueue<string> JobIds { get; } = [];

    /// <summary>Calls that failed for good, in words.</summary>
    public ConcurrentQueue<string> Failures { get; } = [];

    /// <summary>Calls that callers made, each counted once however often it was repeated.</summary>
    public int Calls => Volatile.Read(ref _calls);

    /// <summary>Repetitions of calls.</summary>
    public int Retries => Volatile.Read(ref _retries);

    /// <summary>Counts a call.</summary>
    public void Count() => Interlocked.Increment(ref _calls);

    /// <summary>Counts repetitions.</summary>
    public void CountRetries(int count) => Interlocked.Add(ref _retries, count);
}
