using ForegSyte.Hosting.Security.RateLimiting;

namespace ForegSyte.Hosting.Tests.Security;

public sealed class RateShareTests
{
    [Theory]
    [InlineData(1, 600, 1000)]
    [InlineData(3, 200, 333)]
    [InlineData(1000, 0.6, 1)]
    public void Bucket_OfOneOfSeveralNodes_HasAnEqualShareOfTheRate(int nodes, double callsPerSecond, int burst)
    {
        var options = new RateOptions { CallsPerSecond = 600, BurstCalls = 1000 };

        var bucket = RateLimitingServiceCollectionExtensions.BucketOf(options, nodes);

        Assert.Equal(callsPerSecond, bucket.TokensPerPeriod / bucket.ReplenishmentPeriod.TotalSeconds, precision: 3);
        Assert.InRange(bucket.TokensPerPeriod, 1, Math.Max(1, callsPerSecond / 5));
        Assert.Equal((0, true), (bucket.QueueLimit, bucket.AutoReplenishment));
        Assert.InRange(bucket.TokenLimit, burst, Math.Max(burst, bucket.TokensPerPeriod));
    }
}
