using CsCheck;
using ForegSyte.Client.Calls;

namespace ForegSyte.Client.Tests.Sdk;

public sealed class OptionsTests
{
    private const LoadBalancingPolicy RoundRobin = LoadBalancingPolicy.RoundRobin;

    public static TheoryData<ForegSyteClientOptions, string> Invalid => new()
    {
        { new() { Address = new Uri("ftp://host") }, "Address" },
        { new() { Address = new Uri("relative", UriKind.Relative) }, "Address" },
        { new() { Address = new Uri("unix:/jobs.sock"), Replicas = [new("http://host")] }, "Replicas" },
        { new() { Address = new Uri("unix:/jobs.sock"), LoadBalancing = RoundRobin }, "LoadBalancing" },
        { new() { Replicas = [new("https://host")] }, "Replicas" },
        { new() { Replicas = [new("relative", UriKind.Relative)] }, "Replicas" },
        { new() { LoadBalancing = (LoadBalancingPolicy)7 }, "LoadBalancing" },
        { new() { DnsRefreshInterval = TimeSpan.FromSeconds(14) }, "DnsRefreshInterval" },
        { new() { ReadDeadline = TimeSpan.Zero }, "ReadDeadline" },
        { new() { SubmitDeadline = TimeSpan.Zero }, "SubmitDeadline" },
        { new() { FetchDeadline = TimeSpan.Zero }, "FetchDeadline" },
        { new() { ControlDeadline = TimeSpan.Zero }, "ControlDeadline" },
        { new() { LongPollTimeout = TimeSpan.Zero }, "LongPollTimeout" },
        { new() { LongPollGrace = TimeSpan.Zero }, "LongPollGrace" },
        { new() { WatchTimeout = TimeSpan.Zero }, "WatchTimeout" },
        { new() { MaxOutage = TimeSpan.FromTicks(-1) }, "MaxOutage" },
        { new() { MaxAttempts = 0 }, "MaxAttempts" },
        { new() { MaxAttempts = 21 }, "MaxAttempts" },
        { new() { RetryBaseDelay = TimeSpan.Zero }, "RetryBaseDelay" },
        { new() { RetryMaxDelay = TimeSpan.FromMilliseconds(1) }, "RetryMaxDelay" },
        { new() { MaxMessageBytes = 32 * 1024 * 1024 }, "MaxMessageBytes" },
        { new() { MaxInlineBytes = 0 }, "MaxInlineBytes" },
        { new() { ConnectTimeout = TimeSpan.Zero }, "ConnectTimeout" },
        { new() { KeepAlivePingDelay = TimeSpan.FromSeconds(9) }, "KeepAlivePingDelay" },
        { new() { KeepAlivePingTimeout = TimeSpan.Zero }, "KeepAlivePingTimeout" },
        { new() { Uploads = new() { PartBytes = 1023 } }, "Uploads.PartBytes" },
        { new() { Uploads = new() { PartBytes = (8 << 20) + 1 } }, "Uploads.PartBytes" },
        { new() { MaxInlineBytes = 1, MaxMessageBytes = 2 << 20 }, "MaxMessageBytes" },
        { new() { Uploads = new() { Parallelism = 0 } }, "Uploads.Parallelism" },
        { new() { Uploads = new() { Parallelism = 33 } }, "Uploads.Parallelism" },
        { new() { Uploads = new() { PartDeadline = TimeSpan.Zero } }, "Uploads.PartDeadline" },
        { new() { Uploads = new() { CompletionDeadline = TimeSpan.Zero } }, "Uploads.CompletionDeadline" },
        { new() { Uploads = new() { StateFolder = "relative" } }, "Uploads.StateFolder" },
    };

    [Theory]
    [MemberData(nameof(Invalid))]
    public void Construct_OptionOutOfRange_NamesIt(ForegSyteClientOptions options, string name)
    {
        var failure = Assert.Throws<ArgumentException>(() => new ForegSyteClient(options));

        Assert.Contains(name, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RetryDelay_Always_LiesBetweenRetryInfoAndTheCeiling() =>
        Gen.Select(Gen.Int[1, 100], Gen.Double[0, 1], Gen.Int[0, 9999].Nullable()).Sample((failures, jitter, askedMs) =>
        {
            var (first, most) = (TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(5));
            var asked = askedMs is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : (TimeSpan?)null;

            var delay = RetryDelay.After(failures, first, most, jitter, asked);

            var ceiling = failures < 6 ? first * (1 << (failures - 1)) : most;
            var least = asked ?? TimeSpan.Zero;
            Assert.InRange(delay, least, ceiling > least ? ceiling : least);
        });
}
