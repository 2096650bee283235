using System.Globalization;
using System.Net.Mime;
using System.Security.Cryptography;
using System.Text;
using CloudNative.CloudEvents.SystemTextJson;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.Testing;
using ForegSyte.Testing.Servers;
using ForegSyte.V1;
using Microsoft.AspNetCore.Http;

namespace ForegSyte.Jobs.Tests.Webhooks;

/// <summary>The sender on a real DuckDB, with receivers on real sockets.</summary>
public sealed class WebhookSenderTests : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DatabaseFixture _database;
    private readonly SenderHarness _harness = new();
    private readonly List<WebhookReceiver> _receivers = [];

    public WebhookSenderTests() => _database = new DatabaseFixture(_folder.File("jobs.duckdb"));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private IJobStore Store => _database.Store;

    private IWebhookOutbox Outbox => _database.Outbox;

    [Fact]
    public async Task Message_ByHttps_IsASignedCloudEvent()
    {
        using var certificate = _harness.Authority.Issue("hooks.example");
        var receiver = await ReceiveAsync(certificate: certificate);
        await StartAsync();

        var job = await AddAsync(receiver.UriOf("/hook?key=confidential", "hooks.example"));

        var delivered = await Outbox.DeliveredAsync(job);
        var message = Assert.Single(receiver.Messages);
        Assert.Equal((1, null, ""), (delivered.Tries, delivered.NextTryAt, delivered.ErrorMessage));
        Assert.Equal("/hook?key=confidential", message.Path);
        Assert.Equal("application/cloudevents+json; charset=utf-8", message.ContentType);
        Assert.Equal(delivered.DeliveryId.ToString(), message.Id);
        Assert.Equal(SignatureOf(message, SenderHarness.Secret), message.Headers["webhook-signature"]);
        Assert.Equal("ForegSyte", message.Headers["User-Agent"]);
        Assert.DoesNotContain("traceparent", message.Headers.Keys);
        var read = new JsonEventFormatter().DecodeStructuredModeMessage(
            message.Body, new ContentType(message.ContentType), null);
        Assert.Equal(
            ("dev.foregsyte.job.ended.v1", job.JobId.ToString(), "/foregsyte", job.EndedAt),
            (read.Type, read.Subject, read.Source!.OriginalString, read.Time));
        Assert.DoesNotContain("confidential", _harness.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Message_ReceiverFailsTwice_IsSentAgainUnchanged()
    {
        var receiver = await ReceiveAsync();
        receiver.Answer = (context, _) =>
        {
            context.Response.StatusCode = receiver.Messages.Count switch { 1 => 500, 2 => 404, _ => 200 };
            return Task.CompletedTask;
        };
        await StartAsync();

        var job = await AddAsync(receiver.UriOf());

        Assert.Equal(3, (await Outbox.DeliveredAsync(job)).Tries);
        var messages = receiver.Messages.ToList();
        Assert.Equal(3, messages.Count);
        Assert.Single(messages.Select(message => message.Id).Distinct());
        Assert.All(messages, message => Assert.Equal(messages[0].Body, message.Body));
        Assert.All(messages, message => Assert.Equal(
            SignatureOf(message, SenderHarness.Secret), message.Headers["webhook-signature"]));
    }

    [Fact]
    public async Task Message_ReceiverIsGone_IsGivenUpAtOnce()
    {
        var receiver = await ReceiveAsync(WebhookReceiver.Status(StatusCodes.Status410Gone));
        await StartAsync();

        var job = await AddAsync(receiver.UriOf());

        var message = await Outbox.MessageOfAsync(job, one => one.State == WebhookDeliveryState.Failed);
        Assert.Equal(("The receiver wants no more messages (HTTP 410).", 1), (message.ErrorMessage, message.Tries));
        Assert.Single(receiver.Messages);
    }

    [Fact]
    public async Task Message_ReceiverNeverAccepts_IsGivenUpAfterTheLastTry()
    {
        _harness.Set("Webhooks:MaxTries", "3");
        var receiver = await ReceiveAsync(WebhookReceiver.Status(StatusCodes.Status502BadGateway));
        await StartAsync();

        var job = await AddAsync(receiver.UriOf());

        var message = await Outbox.MessageOfAsync(job, one => one.State == WebhookDeliveryState.Failed);
        Assert.Equal((3, null), (message.Tries, message.NextTryAt));
        Assert.Contains("HTTP 502", message.ErrorMessage, StringComparison.Ordinal);
        Assert.Equal(3, receiver.Messages.Count);
    }

    [Fact]
    public async Task Message_ReceiverAsksForADelay_HasItWithinTheLimit()
    {
        _harness.Set("Webhooks:MaxDelay", "01:00:00");
        var receiver = await ReceiveAsync((context, _) =>
        {
            context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
            context.Response.Headers.RetryAfter = "600";
            return Task.CompletedTask;
        });
        await StartAsync();
        var before = Store.Now;

        var job = await AddAsync(receiver.UriOf());

        var message = await Outbox.MessageOfAsync(job, one => one.Tries == 1);
        Assert.InRange(message.NextTryAt!.Value - before, TimeSpan.FromMinutes(9), TimeSpan.FromMinutes(12));
    }

    [Fact]
    public async Task Message_Redirect_IsNotFollowed()
    {
        var target = await ReceiveAsync();
        var receiver = await ReceiveAsync((context, _) =>
        {
            context.Response.Redirect(target.UriOf());
            return Task.CompletedTask;
        });
        await StartAsync();

        var job = await AddAsync(receiver.UriOf());

        var message = await Outbox.MessageOfAsync(job, one => one.Tries > 0);
        Assert.Contains("redirects (HTTP 302)", message.ErrorMessage, StringComparison.Ordinal);
        Assert.Empty(target.Messages);
    }

    [Fact]
    public async Task Message_EndlessBodyOfTheResponse_IsDelivered()
    {
        var closed = new TaskCompletionSource();
        var receiver = await ReceiveAsync(async (context, _) =>
        {
            context.RequestAborted.Register(() => closed.TrySetResult());
            await context.Response.Body.WriteAsync(new byte[1000]);
            await context.Response.Body.FlushAsync();
            await closed.Task;
        });
        await StartAsync();

        var job = await AddAsync(receiver.UriOf());

        await Outbox.DeliveredAsync(job);
        await closed.Task.WaitAsync(Wait.Timeout, Cancellation);
    }

    [Fact]
    public async Task Message_SilentReceiver_FailsByTheTimeoutAndDelaysNoOther()
    {
        _harness.Set("Webhooks:MaxConcurrent", "4");
        _harness.Set("Webhooks:MaxConcurrentOfHost", "2");
        var release = new TaskCompletionSource();
        var silent = await ReceiveAsync((context, _) => release.Task.WaitAsync(context.RequestAborted));
        var receiver = await ReceiveAsync();
        await StartAsync();
        var stuck = new List<JobRecord>();
        for (var i = 0; i < 6; i++)
        {
            stuck.Add(await AddAsync(silent.UriOf(host: "slow.example")));
        }

        await silent.WaitAsync(2);
        var jobs = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => AddAsync(receiver.UriOf())));

        foreach (var job in jobs)
        {
            await Outbox.DeliveredAsync(job);
        }

        Assert.Equal(2, silent.Messages.Count);
        release.SetResult();
        foreach (var job in stuck)
        {
            await Outbox.DeliveredAsync(job);
        }
    }

    [Fact]
    public async Task Message_SilentReceiver_FailsByTheTimeout()
    {
        _harness.Set("Webhooks:Timeout", "00:00:00.100");
        var receiver = await ReceiveAsync(
            (context, _) => Task.Delay(Timeout.Infinite, context.RequestAborted));
        await StartAsync();

        var job = await AddAsync(receiver.UriOf());

        var message = await Outbox.MessageOfAsync(job, one => one.Tries > 0);
        Assert.Equal(
            "The receiver did not answer within 100ms (option Webhooks:Timeout).", message.ErrorMessage);
    }

    [Theory]
    [InlineData("127.0.0.2")]
    [InlineData("10.0.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("::1")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("127.0.0.1", "192.168.0.1")]
    public async Task Message_NameOfAnAddressThatIsNotPublic_IsNotSent(params string[] addresses)
    {
        var receiver = await ReceiveAsync();
        _harness.Names.With("hooks.example", addresses);
        await StartAsync();

        var job = await AddAsync(receiver.UriOf(host: "hooks.example"));

        var message = await Outbox.MessageOfAsync(job, one => one.Tries > 0);
        Assert.Contains("Webhooks:AllowedNetworks", message.ErrorMessage, StringComparison.Ordinal);
        Assert.All(
            addresses, address => Assert.DoesNotContain(address, message.ErrorMessage, StringComparison.Ordinal));
        Assert.Empty(receiver.Messages);
    }

    [Fact]
    public async Task Message_NameThatResolvesDifferentlyLater_IsCheckedForEachTry()
    {
        var receiver = await ReceiveAsync(WebhookReceiver.Status(StatusCodes.Status500InternalServerError));
        _harness.Names.With("hooks.example", call => call == 0 ? ["127.0.0.1"] : ["169.254.169.254"]);
        await StartAsync();

        var job = await AddAsync(receiver.UriOf(host: "hooks.example"));

        await Outbox.MessageOfAsync(
            job, one => one.ErrorMessage.Contains("Webhooks:AllowedNetworks", StringComparison.Ordinal));
        Assert.Single(receiver.Messages);
    }

    [Fact]
    public async Task Message_HostNoLongerAllowed_IsGivenUp()
    {
        await StartAsync();

        var job = await AddAsync("https://other.example/hook");

        var message = await Outbox.MessageOfAsync(job, one => one.State == WebhookDeliveryState.Failed);
        Assert.Contains("Webhooks:AllowedHosts", message.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Message_UnknownCertificate_IsNotSent()
    {
        using var authority = new Fetching.TestAuthority();
        using var certificate = authority.Issue("hooks.example");
        var receiver = await ReceiveAsync(certificate: certificate);
        await StartAsync();

        var job = await AddAsync(receiver.UriOf(host: "hooks.example"));

        var message = await Outbox.MessageOfAsync(job, one => one.Tries > 0);
        Assert.Contains("TLS", message.ErrorMessage, StringComparison.Ordinal);
        Assert.Empty(receiver.Messages);
    }

    [Fact]
    public async Task Secrets_ChangedFile_AppliesToTheNextMessage()
    {
        var receiver = await ReceiveAsync();
        await StartAsync();
        await Outbox.DeliveredAsync(await AddAsync(receiver.UriOf()));
        var next = RandomNumberGenerator.GetBytes(32);
        _harness.WriteSecrets(next, SenderHarness.Secret);

        await Outbox.DeliveredAsync(await AddAsync(receiver.UriOf()));

        var message = receiver.Messages.Last();
        Assert.Equal(
            $"{SignatureOf(message, next)} {SignatureOf(message, SenderHarness.Secret)}",
            message.Headers["webhook-signature"]);
    }

    [Fact]
    public async Task Secrets_MissingFile_KeepTheMessageUntilItIsBack()
    {
        var receiver = await ReceiveAsync();
        _harness.Set("Webhooks:MaxTries", "100");
        await StartAsync();
        File.Delete(_harness.SecretFile);

        var job = await AddAsync(receiver.UriOf());

        var message = await Outbox.MessageOfAsync(job, one => one.Tries > 0);
        Assert.DoesNotContain(_harness.SecretFile, message.ErrorMessage, StringComparison.Ordinal);
        Assert.Empty(receiver.Messages);
        _harness.WriteSecrets(SenderHarness.Secret);
        await Outbox.DeliveredAsync(job);
    }

    [Fact]
    public async Task Stop_DuringATry_KeepsTheMessageForTheNextProcess()
    {
        var answers = new Queue<Func<HttpContext, Task>>(
            [context => Task.Delay(Timeout.Infinite, context.RequestAborted)]);
        var receiver = await ReceiveAsync((context, _) =>
            answers.TryDequeue(out var first) ? first(context) : Task.CompletedTask);
        await StartAsync();
        var job = await AddAsync(receiver.UriOf());
        await receiver.WaitAsync(1);

        await _harness.StopAsync();
        var message = Assert.Single(await Outbox.ListAsync(job.JobId, Cancellation));
        Assert.Equal((WebhookDeliveryState.Pending, 0), (message.State, message.Tries));
        await _harness.StartAsync(Store, Outbox);

        await Outbox.DeliveredAsync(job);
        Assert.Single(receiver.Messages.Select(one => one.Id).Distinct());
    }

    public async ValueTask DisposeAsync()
    {
        await _harness.DisposeAsync();
        foreach (var receiver in _receivers)
        {
            await receiver.DisposeAsync();
        }

        await _database.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>The signature by the specification, computed without the code under test.</summary>
    internal static string SignatureOf(ReceivedMessage message, byte[] secret)
    {
        var timestamp = message.Headers["webhook-timestamp"];
        var sent = DateTimeOffset.FromUnixTimeSeconds(long.Parse(timestamp, CultureInfo.InvariantCulture));
        Assert.InRange((TimeProvider.System.GetUtcNow() - sent).Duration(), TimeSpan.Zero, TimeSpan.FromMinutes(5));
        var signed = $"{message.Id}.{timestamp}.{Encoding.UTF8.GetString(message.Body)}";
        using var hash = new HMACSHA256(secret);
        return "v1," + Convert.ToBase64String(hash.ComputeHash(Encoding.UTF8.GetBytes(signed)));
    }

    private async Task<WebhookReceiver> ReceiveAsync(
        Func<HttpContext, ReceivedMessage, Task>? answer = null,
        System.Security.Cryptography.X509Certificates.X509Certificate2? certificate = null)
    {
        var receiver = await WebhookReceiver.StartAsync(certificate);
        receiver.Answer = answer ?? receiver.Answer;
        _receivers.Add(receiver);
        _harness.Allow(receiver.Port);
        return receiver;
    }

    private Task StartAsync()
    {
        _harness.Allow(443);
        return _harness.StartAsync(Store, Outbox);
    }

    private Task<JobRecord> AddAsync(string uri) => SenderHarness.AddEndedAsync(Store, uri);
}
