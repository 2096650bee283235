using System.Net;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.Jobs.Webhooks;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Webhooks;

public sealed class WebhookRetryPolicyTests
{
    private static readonly DateTimeOffset Now = TestJobs.Noon;

    private static readonly WebhookOptions Options = new()
    {
        FirstDelay = TimeSpan.FromSeconds(10),
        MaxDelay = TimeSpan.FromSeconds(60),
        MaxTries = 5,
    };

    [Theory]
    [InlineData(200)]
    [InlineData(202)]
    [InlineData(204)]
    [InlineData(299)]
    public void After_Success_IsDelivered(int status) =>
        Assert.Equal(new DeliveryOutcome(WebhookDeliveryState.Delivered), After(0, status));

    [Theory]
    [InlineData(301)]
    [InlineData(307)]
    [InlineData(400)]
    [InlineData(404)]
    [InlineData(500)]
    public void After_OtherStatus_IsTriedAgain(int status)
    {
        var outcome = After(0, status);

        Assert.Equal((WebhookDeliveryState.Pending, Now.AddSeconds(10)), (outcome.State, outcome.NextTryAt));
        Assert.Contains($"HTTP {status}", outcome.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public void After_Gone_IsFailedForGood()
    {
        var outcome = After(0, 410);

        Assert.Equal((WebhookDeliveryState.Failed, null), (outcome.State, outcome.NextTryAt));
    }

    [Fact]
    public void After_EachTry_TheBackOffDoublesUpToTheLimit() => Assert.Equal(
        [10, 20, 40, 60],
        Enumerable.Range(0, 4).Select(tries => (After(tries, 500).NextTryAt!.Value - Now).TotalSeconds));

    [Fact]
    public void After_Jitter_IsBetweenHalfAndAllOfTheStep()
    {
        var first = WebhookRetryPolicy.After(0, new TryResult("no"), Options, Now, jitter: 0);

        Assert.Equal(Now.AddSeconds(5), first.NextTryAt);
    }

    [Fact]
    public void After_LastTry_IsFailedAndNamesTheOption()
    {
        var outcome = After(4, 500);

        Assert.Equal(WebhookDeliveryState.Failed, outcome.State);
        Assert.Contains("try 5", outcome.ErrorMessage, StringComparison.Ordinal);
        Assert.Contains("Webhooks:MaxTries", outcome.ErrorMessage, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(429, 30, 30)]
    [InlineData(503, 30, 30)]
    [InlineData(503, 3600, 60)]
    [InlineData(503, 1, 10)]
    [InlineData(500, 30, 10)]
    public void After_RetryAfter_IsKeptWithinTheLimits(int status, int asked, int delay) =>
        Assert.Equal(Now.AddSeconds(delay), After(0, status, TimeSpan.FromSeconds(asked)).NextTryAt);

    [Fact]
    public void Places_HostsThatFail_LeaveHalfToOthers()
    {
        var places = new SenderPlaces(total: 8, ofHost: 3);
        foreach (var host in (string[])["a", "b"])
        {
            places.Take(host);
            places.Give(host, hasFailed: true);
        }

        Assert.Equal(3, places.FreeFor("a"));
        TakeAll(places, "a");
        Assert.Equal(1, places.FreeFor("b"));
        TakeAll(places, "b");
        Assert.Equal((0, 0, 3), (places.FreeFor("a"), places.FreeFor("b"), places.FreeFor("c")));
        TakeAll(places, "c");
        Assert.Equal(1, places.FreeFor("d"));
        TakeAll(places, "d");
        Assert.Equal(0, places.FreeFor("e"));
        places.Give("b", hasFailed: false);
        Assert.Equal((1, 1), (places.FreeFor("b"), places.FreeFor("e")));
    }

    [Fact]
    public void Places_OnePlaceOnly_IsForFailingHostsToo()
    {
        var places = new SenderPlaces(total: 1, ofHost: 4);
        places.Take("a");
        Assert.Equal(0, places.FreeFor("b"));

        places.Give("a", hasFailed: true);

        Assert.Equal((1, 1), (places.FreeFor("a"), places.FreeFor("b")));
    }

    private static void TakeAll(SenderPlaces places, string host)
    {
        for (var free = places.FreeFor(host); free > 0; free--)
        {
            places.Take(host);
        }
    }

    private static DeliveryOutcome After(int earlierTries, int status, TimeSpan? retryAfter = null) =>
        WebhookRetryPolicy.After(
            earlierTries, WebhookRetryPolicy.OfStatus((HttpStatusCode)status, retryAfter), Options, Now, jitter: 1);
}
