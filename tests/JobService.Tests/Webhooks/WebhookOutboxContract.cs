using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.Jobs.Tests.Storage.PostgreSql;
using ForegSyte.Testing;
using ForegSyte.Testing.Servers;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Webhooks;

/// <summary>The conformance suite for outboxes, together with the store whose commits fill them.</summary>
public abstract class WebhookOutboxContract
{
    private const string Host = "hooks.example:443";

    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(45);
    private static readonly DateTimeOffset Later = TestJobs.Noon.AddHours(1);

    private protected static readonly WebhookRoutes Routes = new(
        [new WebhookRoute("all", "https://all.example/x", OnStart: false, OnEnd: true, new HashSet<string> { "a" })],
        1 << 16);

    private protected abstract IJobStore Store { get; }

    private protected abstract IWebhookOutbox Outbox { get; }

    private protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Update_JobStartsAndEnds_AddsTheMessagesWithTheCommit()
    {
        var job = Hooked(onStart: true) with { Tenant = "a" };
        await Store.InsertAsync(job, Cancellation);
        Assert.Empty(await Outbox.ListAsync(job.JobId, Cancellation));

        await RunToAsync(job, failed: true);

        var messages = await Outbox.ListAsync(job.JobId, Cancellation);
        Assert.Equal(
            [(WebhookEvent.Started, ""), (WebhookEvent.Ended, ""), (WebhookEvent.Ended, "all")],
            messages.Select(message => (message.Event, message.Endpoint)));
        Assert.All(messages, message => Assert.Equal(
            ("a", WebhookDeliveryState.Pending, 0, "", message.CreatedAt),
            (message.Tenant, message.State, message.Tries, message.ErrorMessage, message.NextTryAt)));
        Assert.Equal(
            ["https://hooks.example/a?key=1", "https://hooks.example/a?key=1", "https://all.example/x"],
            messages.Select(message => message.Uri));
        Assert.Equal(3, messages.Select(message => message.DeliveryId).Distinct().Count());
    }

    [Fact]
    public async Task Claim_DueMessages_HaveTheJobOfTheirCommit()
    {
        var job = Hooked(onStart: true);
        await Store.InsertAsync(job, Cancellation);
        await RunToAsync(job, failed: true);

        var started = Assert.Single(await ClaimAsync(Host, Later)).Delivery;

        Assert.Equal((WebhookEvent.Started, JobExtent.Full), (started.Event, started.Extent));
        Assert.Contains("\"status\": \"JOB_STATUS_RUNNING\"", started.JobJson, StringComparison.Ordinal);
        Assert.DoesNotContain("key=1", started.JobJson, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Claim_StartAndEndOfAJob_TheEndWaitsForTheFirstTryOfTheStart()
    {
        var job = Hooked(onStart: true);
        await Store.InsertAsync(job, Cancellation);
        await RunToAsync(job, failed: true);
        var started = Assert.Single(await ClaimAsync(Host, Later));
        Assert.Empty(await ClaimAsync(Host, Later));

        await Outbox.RecordAsync(
            started, new DeliveryOutcome(WebhookDeliveryState.Pending, Later.AddMinutes(1), "HTTP 500"), Cancellation);

        Assert.Equal(WebhookEvent.Ended, Assert.Single(await ClaimAsync(Host, Later)).Delivery.Event);
    }

    [Fact]
    public async Task Claim_Claimed_IsForNobodyUntilItExpires()
    {
        await AddEndedAsync(2);
        var first = await Outbox.ClaimAsync(Host, 1, Later, Lease, Cancellation);
        var second = await ClaimAsync(Host, Later);

        Assert.Equal(2, first.Concat(second).Select(claim => claim.Delivery.DeliveryId).Distinct().Count());
        Assert.Empty(await ClaimAsync(Host, Later));
        Assert.Empty(await Outbox.ListHostsAsync(Later, 10, Cancellation));
        Assert.Empty(await ClaimAsync(Host, Later + Lease - TimeSpan.FromSeconds(1)));
        Assert.Single(await Outbox.ListHostsAsync(Later + Lease, 10, Cancellation));
        var again = await ClaimAsync(Host, Later + Lease);
        Assert.Equal(2, again.Count);
        var taken = again.Single(claim => claim.Delivery.DeliveryId == first[0].Delivery.DeliveryId);
        var delivered = new DeliveryOutcome(WebhookDeliveryState.Delivered);
        Assert.False(await Outbox.RecordAsync(first[0], delivered, Cancellation), "An old claim was accepted.");
        Assert.True(await Outbox.RecordAsync(taken, delivered, Cancellation), "The claim was refused.");
    }

    [Fact]
    public async Task Record_ExpiredClaimThatNobodyTookOver_IsAccepted()
    {
        await AddEndedAsync(1);
        var claim = Assert.Single(await ClaimAsync(Host, Later));
        Assert.Empty(await ClaimAsync("other.example:443", Later + Lease));

        Assert.True(
            await Outbox.RecordAsync(claim, new DeliveryOutcome(WebhookDeliveryState.Delivered), Cancellation),
            "The outcome was refused.");
        Assert.Empty(await ClaimAsync(Host, Later + Lease));
    }

    [Fact]
    public async Task Claim_ManyAtOnce_EachMessageIsClaimedOnce()
    {
        await AddEndedAsync(40);

        var claims = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            var own = new List<Guid>();
            while (await Outbox.ClaimAsync(Host, 3, Later, Lease, Cancellation) is { Count: > 0 } some)
            {
                own.AddRange(some.Select(claim => claim.Delivery.DeliveryId));
            }

            return own;
        }));

        var ids = claims.SelectMany(own => own).ToList();
        Assert.Equal(ids.Distinct().Count(), ids.Count);
        var rest = await ClaimAsync(Host, Later, limit: 100);
        Assert.Equal(40, ids.Concat(rest.Select(claim => claim.Delivery.DeliveryId)).Distinct().Count());
    }

    [Fact]
    public async Task Record_Outcomes_AreKept()
    {
        var job = (await AddEndedAsync(1)).Single();
        var claim = Assert.Single(await ClaimAsync(Host, Later));
        var next = Later.AddMinutes(5).AddTicks(10);
        await Outbox.RecordAsync(
            claim, new DeliveryOutcome(WebhookDeliveryState.Pending, next, "HTTP 503 \u00e9"), Cancellation);
        var message = Assert.Single(await Outbox.ListAsync(job.JobId, Cancellation));
        Assert.Equal(
            (WebhookDeliveryState.Pending, 1, next, "HTTP 503 \u00e9"),
            (message.State, message.Tries, message.NextTryAt!.Value, message.ErrorMessage));
        Assert.Empty(await ClaimAsync(Host, next.AddTicks(-10)));
        Assert.Equal(
            [new WaitingHost(Host, next)], await Outbox.ListHostsAsync(next.AddMinutes(1), 10, Cancellation));

        claim = Assert.Single(await ClaimAsync(Host, next));
        Assert.NotEmpty(claim.Delivery.JobJson);
        await Outbox.RecordAsync(
            claim, new DeliveryOutcome(WebhookDeliveryState.Pending, next, "stopped", Counts: false), Cancellation);
        claim = Assert.Single(await ClaimAsync(Host, next));
        Assert.Equal(1, claim.Delivery.Tries);
        Assert.Equal((1, claim.Delivery.CreatedAt), Counted(await Outbox.CountAsync(Cancellation)));
        await Outbox.RecordAsync(claim, new DeliveryOutcome(WebhookDeliveryState.Delivered), Cancellation);

        message = Assert.Single(await Outbox.ListAsync(job.JobId, Cancellation));
        Assert.Equal(
            (WebhookDeliveryState.Delivered, 2, null, "", ""),
            (message.State, message.Tries, message.NextTryAt, message.ErrorMessage, message.JobJson));
        Assert.Equal(OutboxCounts.None, await Outbox.CountAsync(Cancellation));
        Assert.Empty(await Outbox.ListHostsAsync(next.AddYears(1), 10, Cancellation));
    }

    [Fact]
    public async Task ListHosts_SeveralHosts_EarliestFirst()
    {
        await AddEndedAsync(2, "https://b.example/x", minute: 1);
        await AddEndedAsync(1, "https://a.example:8443/x", minute: 2);

        var hosts = await Outbox.ListHostsAsync(Later, 10, Cancellation);

        Assert.Equal(["b.example:443", "a.example:8443"], hosts.Select(host => host.Host));
        Assert.Equal(["b.example:443"],
            (await Outbox.ListHostsAsync(Later, 1, Cancellation)).Select(host => host.Host));
        Assert.Equal("https://a.example:8443/x",
            Assert.Single(await ClaimAsync("a.example:8443", Later)).Delivery.Uri);
    }

    [Fact]
    public async Task Delete_Job_DeletesItsMessages()
    {
        var jobs = await AddEndedAsync(2);
        var claims = await ClaimAsync(Host, Later);

        await Store.DeleteAsync(jobs[0].JobId, _ => { }, Cancellation);

        Assert.Empty(await Outbox.ListAsync(jobs[0].JobId, Cancellation));
        Assert.Single(await Outbox.ListAsync(jobs[1].JobId, Cancellation));
        var ofDeleted = claims.Single(claim => claim.Delivery.JobId == jobs[0].JobId);
        Assert.False(
            await Outbox.RecordAsync(ofDeleted, new DeliveryOutcome(WebhookDeliveryState.Delivered), Cancellation),
            "A deleted message was recorded.");
    }

    [Fact]
    public async Task Update_RetriedOften_KeepsTheLatestMessages()
    {
        var job = Hooked();
        await Store.InsertAsync(job, Cancellation);
        for (var round = 0; round < DeliveryRecord.MaxStoredOfJob + 3; round++)
        {
            var time = TestJobs.Noon.AddMinutes(round + 1);
            await Store.UpdateAsync(job.JobId, stored => JobTransitions.Cancel(stored, time), Cancellation);
            await Store.UpdateAsync(
                job.JobId, stored => JobTransitions.Retry(stored, time.AddSeconds(1)), Cancellation);
        }

        var messages = await Outbox.ListAsync(job.JobId, Cancellation);

        Assert.Equal(DeliveryRecord.MaxStoredOfJob, messages.Count);
        Assert.Equal(TestJobs.Noon.AddMinutes(4), messages[0].CreatedAt);
    }

    [Fact]
    public async Task Insert_RequestIdUsed_AddsNoMessage()
    {
        var requestId = Guid.NewGuid();
        await Store.InsertAsync(Hooked() with { RequestId = requestId }, Cancellation);
        var second = Ended(Hooked() with { RequestId = requestId }, TestJobs.Noon);

        var (_, created) = await Store.InsertAsync(second, Cancellation);

        Assert.False(created, "The request id was not recognized.");
        Assert.Equal(OutboxCounts.None, await Outbox.CountAsync(Cancellation));
    }

    private protected static JobRecord Hooked(
        string uri = "https://hooks.example/a?key=1", bool onStart = false) =>
        TestJobs.Pending() with { Webhook = new JobWebhook(uri, onStart, OnEnd: true) };

    private static JobRecord Ended(JobRecord job, DateTimeOffset time) => JobTransitions.Cancel(job, time);

    private static (int Pending, DateTimeOffset? Oldest) Counted(OutboxCounts counts) =>
        (counts.Pending, counts.OldestCreatedAt);

    private async Task<IReadOnlyList<JobRecord>> AddEndedAsync(
        int count, string uri = "https://hooks.example/a?key=1", int minute = 1)
    {
        var jobs = Enumerable.Range(0, count)
            .Select(_ => Ended(Hooked(uri), TestJobs.Noon.AddMinutes(minute)))
            .ToList();
        await Task.WhenAll(jobs.Select(job => Store.InsertAsync(job, Cancellation)));
        return jobs;
    }

    private async Task RunToAsync(JobRecord job, bool failed)
    {
        var token = Guid.NewGuid();
        await Store.UpdateAsync(
            job.JobId,
            stored => JobTransitions.Claim(stored, token, TestJobs.Noon.AddSeconds(1), TimeSpan.FromMinutes(1)),
            Cancellation);
        await Store.UpdateAsync(
            job.JobId,
            stored => failed
                ? JobTransitions.Fail(
                    stored, token, new JobFailure(ErrorReason.StageFailed, "broken"), TestJobs.Noon.AddSeconds(2))
                : stored,
            Cancellation);
    }

    private Task<IReadOnlyList<ClaimedDelivery>> ClaimAsync(string host, DateTimeOffset now, int limit = 10) =>
        Outbox.ClaimAsync(host, limit, now, Lease, Cancellation);
}

public sealed class DuckDbWebhookOutboxTests : WebhookOutboxContract, IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private DatabaseFixture _database;

    public DuckDbWebhookOutboxTests() => _database = Open();

    private protected override IJobStore Store => _database.Store;

    private protected override IWebhookOutbox Outbox => _database.Outbox;

    [Fact]
    public async Task Claim_AfterARestart_HasWhatTheEndedProcessClaimed()
    {
        await Store.InsertAsync(JobTransitions.Cancel(Hooked(), TestJobs.Noon), Cancellation);
        var now = TestJobs.Noon.AddMinutes(1);
        Assert.Single(await Outbox.ClaimAsync("hooks.example:443", 1, now, TimeSpan.FromHours(1), Cancellation));
        await _database.DisposeAsync();
        _database = Open();

        Assert.Single(await Outbox.ClaimAsync("hooks.example:443", 1, now, TimeSpan.FromHours(1), Cancellation));
    }

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        _folder.Dispose();
    }

    private DatabaseFixture Open() => new(_folder.File("jobs.duckdb"), webhooks: Routes);
}

public sealed class PostgresWebhookOutboxTests(SharedServers servers) : WebhookOutboxContract, IAsyncLifetime
{
    private PostgresNode? _node;

    private protected override IJobStore Store => _node!.Store;

    private protected override IWebhookOutbox Outbox => _node!.Outbox;

    public async ValueTask InitializeAsync() => _node = new PostgresNode(
        await PostgresNode.CreateDatabaseAsync(await servers.PostgresOrSkipAsync()), webhooks: Routes);

    public async ValueTask DisposeAsync()
    {
        if (_node is not null)
        {
            await _node.DisposeAsync();
        }
    }
}
