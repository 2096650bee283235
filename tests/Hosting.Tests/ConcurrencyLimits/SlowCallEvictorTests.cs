using ForegSyte.Hosting.ConcurrencyLimits;
using ForegSyte.Hosting.Errors;
using ForegSyte.V1;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Hosting.Tests.ConcurrencyLimits;

public sealed class SlowCallEvictorTests
{
    private const long MaxBytes = 1_000;
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _time = new();
    private readonly List<string> _evicted = [];
    private readonly SlowCallEvictor _evictor;

    public SlowCallEvictorTests() => _evictor = new SlowCallEvictor(
        Options.Create(new CallOptions { MaxSlow = 2, MaxMessageBytes = MaxBytes }), _time);

    [Fact]
    public void Track_OverTheLimit_EvictsTheSlowestCall()
    {
        Track("first");
        _time.Advance(Second);
        Track("second");

        Track("third");

        Assert.Equal(["first"], _evicted);
        Assert.Equal(2, _evictor.Count);
    }

    [Fact]
    public void Track_OverTheLimitWithoutASlowCall_EvictsNone()
    {
        Track("first");
        Track("second");
        _time.Advance(Second - TimeSpan.FromTicks(1));

        Track("third");

        Assert.Empty(_evicted);
        Assert.Equal(3, _evictor.Count);
    }

    [Fact]
    public void Dispose_EndedCall_IsNotEvicted()
    {
        Track("first").Dispose();
        Track("second");
        _time.Advance(Second);
        Track("third");
        Track("fourth");

        Assert.Equal(["second"], _evicted);
    }

    [Fact]
    public void ReserveMemory_OverTheLimit_EvictsTheSlowestAndReservesNothing()
    {
        Track("first");
        _time.Advance(Second);
        _evictor.ReserveMemory(MaxBytes);

        var failure = Assert.Throws<ServiceException>(() => _evictor.ReserveMemory(1));

        Assert.Equal(
            (ErrorReason.TooManyCalls, "Calls:MaxMessageBytes", "1000"),
            (failure.Reason, failure.Metadata["option"], failure.Metadata["limit"]));
        Assert.Equal(["first"], _evicted);
        Assert.Equal(MaxBytes, _evictor.MessageBytes);
        _evictor.ReleaseMemory(MaxBytes);
        Assert.Equal(0, _evictor.MessageBytes);
    }

    [Fact]
    public void AddResponseMemory_OverTheLimit_EvictsTheSlowestAndCounts()
    {
        Track("first");
        _time.Advance(Second);

        _evictor.AddResponseMemory(MaxBytes + 1);

        Assert.Equal(["first"], _evicted);
        Assert.Equal(MaxBytes + 1, _evictor.MessageBytes);
    }

    private SlowCall Track(string name) => _evictor.Track(() => _evicted.Add(name));
}
