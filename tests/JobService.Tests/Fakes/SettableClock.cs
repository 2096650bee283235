using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Fakes;

/// <summary>
/// A clock on the wall that can be set while time itself goes on as it did. FakeTimeProvider.AdjustTime moves both.
/// </summary>
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
