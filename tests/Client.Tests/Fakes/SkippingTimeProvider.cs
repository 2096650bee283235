using System.Collections.Concurrent;

namespace ForegSyte.Client.Tests.Fakes;

/// <summary>
/// A clock that skips every delay: the delay ends at once, and the clock advances by it. Unlike a fake clock, which the
/// test advances, it does not depend on when the tested code reaches the delay. It starts at the real time, because
/// gRPC compares deadlines with it.
/// </summary>
public sealed class SkippingTimeProvider : TimeProvider
{
    private readonly ConcurrentQueue<TimeSpan> _delays = new();
    private long _skippedTicks;

    /// <summary>The delays so far, in order.</summary>
    public IReadOnlyList<TimeSpan> Delays => [.. _delays];

    public override DateTimeOffset GetUtcNow() =>
        System.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _skippedTicks));

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime != Timeout.InfiniteTimeSpan)
        {
            _delays.Enqueue(dueTime);
            Interlocked.Add(ref _skippedTicks, dueTime.Ticks);
            dueTime = TimeSpan.Zero;
        }

        return System.CreateTimer(callback, state, dueTime, period);
    }
}

/// <summary>Returns always the same number.</summary>
public sealed class FixedRandom(double value) : Random
{
    public override double NextDouble() => value;
}
