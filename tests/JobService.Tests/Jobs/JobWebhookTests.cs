using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Jobs;

public sealed class JobWebhookTests
{
    private const string Address = "https://hooks.example/a?key=secret";

    [Theory]
    [InlineData(true, true, new[] { WebhookEvent.Ended, WebhookEvent.Started })]
    [InlineData(true, false, new[] { WebhookEvent.Started })]
    [InlineData(false, true, new[] { WebhookEvent.Ended })]
    public void ToMessage_Webhook_HasItsEventsAndNoQuery(bool onStart, bool onEnd, WebhookEvent[] events)
    {
        var webhook = new JobWebhook(Address, onStart, onEnd);

        var message = webhook.ToMessage();

        Assert.Equal("https://hooks.example/a", message.Uri);
        Assert.Equal(events, message.Events);
        Assert.Equal(webhook with { Uri = "https://hooks.example/a" }, JobWebhook.FromMessage(message));
    }

    [Fact]
    public void ToJson_Webhook_IsReadBackWithItsQuery()
    {
        var webhook = new JobWebhook(Address, OnStart: true, OnEnd: false);

        Assert.Equal(webhook, JobWebhook.FromJson(webhook.ToJson()));
        Assert.Null(JobWebhook.FromJson(null));
        Assert.Null(JobWebhook.FromMessage(null));
    }

    [Fact]
    public void ToHash_Webhook_DependsOnEveryPart()
    {
        var webhook = new JobWebhook(Address, OnStart: true, OnEnd: false);
        JobWebhook[] others =
        [
            webhook with { Uri = Address + "2" }, webhook with { OnStart = false }, webhook with { OnEnd = true },
        ];

        Assert.Matches("^[0-9a-f]{64}$", webhook.ToHash());
        Assert.Equal(webhook.ToHash(), (webhook with { }).ToHash());
        Assert.All(others, other => Assert.NotEqual(webhook.ToHash(), other.ToHash()));
    }

    [Theory]
    [InlineData(Address, "https://hooks.example/a")]
    [InlineData("https://hooks.example/a", "https://hooks.example/a")]
    [InlineData("?key", "")]
    public void Shown_Address_HasNoQuery(string uri, string expected)
    {
        Assert.Equal(expected, JobWebhook.Shown(uri));
        Assert.Equal(expected, new JobWebhook(uri, OnStart: true, OnEnd: true).ToString());
    }
}
