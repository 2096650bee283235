using ForegSyte.Jobs.Queue;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Queue;

/// <summary>The section "Dispatch", which three options classes share.</summary>
public sealed class DispatchSectionTests
{
    [Fact]
    public async Task Keys_OfAllThreeClasses_AreBound()
    {
        await using var engine = Configure(
            ("Dispatch:MaxConcurrentJobs", "3"), ("Dispatch:SegmentFrames", "17"),
            ("Dispatch:LeaseDuration", "00:00:21"), ("Dispatch:HeartbeatInterval", "00:00:09"));
        Assert.Equal(3, Read<DispatchOptions>(engine).MaxConcurrentJobs);
        Assert.Equal(17, Read<SegmentOptions>(engine).SegmentFrames);
        Assert.Equal(
            (TimeSpan.FromSeconds(21), TimeSpan.FromSeconds(9)),
            (Read<LeaseOptions>(engine).LeaseDuration, Read<LeaseOptions>(engine).HeartbeatInterval));
    }

    [Fact]
    public async Task UnknownKey_IsRefusedWithTheKeysOfAllThreeClasses()
    {
        await using var engine = Configure(("Dispatch:LeaseDurations", "00:00:21"));
        var refused = Assert.Throws<OptionsValidationException>(() => Read<SegmentOptions>(engine));
        Assert.Contains("Dispatch:LeaseDurations", refused.Message, StringComparison.Ordinal);
        Assert.Contains("LeaseDuration, MaxConcurrentJobs", refused.Message, StringComparison.Ordinal);
        Assert.Contains("SegmentFrames, SegmentsInFlight", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HeartbeatInterval_OverHalfOfTheLease_IsRefused()
    {
        await using var engine = Configure(
            ("Dispatch:LeaseDuration", "00:00:10"), ("Dispatch:HeartbeatInterval", "00:00:05.001"));
        var refused = Assert.Throws<OptionsValidationException>(() => Read<LeaseOptions>(engine));
        Assert.Contains("at most half of Dispatch:LeaseDuration", refused.Message, StringComparison.Ordinal);
    }

    private static JobEngine Configure(params (string Key, string Value)[] settings) =>
        new(new ScriptedInference(), new FakeTimeProvider(), null, settings);

    private static TOptions Read<TOptions>(JobEngine engine)
        where TOptions : class =>
        engine.Services.GetRequiredService<IOptions<TOptions>>().Value;
}
