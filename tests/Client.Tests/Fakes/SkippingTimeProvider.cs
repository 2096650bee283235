using System.Collections.Concurrent;

namespace ForegSyte.Client.Tests.Fakes;

/// <summary>
/// A clock on which every pause is over at once and counts in full. Unlike a clock that a test moves by hand, it
/// needs no guess whether the code under test has reached its pause yet. It begins at the real time, which gRPC's
/// deadlines need.
/// </summary>
public sealed class SkippingTimeProvider : TimeProvider
{
    private readonly ConcurrentQueue<TimeSpan> _pauses = new();
    private long _skippedTicks;

    /// <summary>The pauses so far, in order.</summary>
    public IReadOnlyList<TimeSpan> Pauses => [.. _pauses];

    public override DateTimeOffset GetUtcNow() =>
        System.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _skippedTicks));

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime != Timeout.InfiniteTimeSpan)
        {
            _pauses.Enqueue(dueTime);
            Interlocked.Add(ref _skippedTicks, dueTime.Ticks);
            dueTime = TimeSpan.Zero;
        }

        return System.CreateTimer(callback, state, dueTime, period);
    }
}
