using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Fakes;

/// <summary>A wall clock that tests can set; timestamps and timers are unaffected.</summary>
internal sealed class SettableClock(FakeTimeProvider time) : TimeProvider
{
    /// <summary>How far the clock is ahead.</summary>
    public TimeSpan Offset { get; set; }

    public override long TimestampFrequency => time.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => time.GetUtcNow() + Offset;

    public override long GetTimestamp() => time.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        time.CreateTimer(callback, state, dueTime, period);
}
