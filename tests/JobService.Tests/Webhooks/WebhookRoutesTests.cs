using System.Text;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Webhooks;

public sealed class WebhookRoutesTests
{
    private static readonly Guid Token = Guid.NewGuid();

    private static readonly WebhookRoutes Routes = new(
        [
            new WebhookRoute("ends", "https://a.example/ends", OnStart: false, OnEnd: true, new HashSet<string>()),
            new WebhookRoute("b", "https://a.example/b", OnStart: true, OnEnd: false, new HashSet<string> { "b" }),
        ],
        1 << 16);

    [Fact]
    public void MessagesOf_LifeOfAJob_OneForTheFirstStartAndOneForEachEnd()
    {
        var pending = TestJobs.Pending() with { Webhook = new JobWebhook("https://own.example/x", true, true) };
        var running = JobTransitions.Claim(pending, Token, TestJobs.Noon, TimeSpan.FromMinutes(1));
        var released = JobTransitions.Release(
            running, Token, new JobFailure(ErrorReason.DecoderLost, "lost"), TimeSpan.Zero, TestJobs.Noon);
        var again = JobTransitions.Claim(released, Token, TestJobs.Noon, TimeSpan.FromMinutes(1));
        var cancelled = JobTransitions.Cancel(again, TestJobs.Noon.AddMinutes(1));
        var retried = JobTransitions.Retry(cancelled, TestJobs.Noon.AddMinutes(2));
        var third = JobTransitions.Claim(retried, Token, TestJobs.Noon.AddMinutes(3), TimeSpan.FromMinutes(1));
        var failed = JobTransitions.Abandon(
            third, new JobFailure(ErrorReason.LeaseLost, "lost"), TestJobs.Noon.AddMinutes(4));
        JobRecord?[] states = [null, pending, running, released, again, cancelled, retried, third, failed];

        var messages = states.Zip(states.Skip(1))
            .Select(pair => Routes.MessagesOf([new JobCommit(pending.JobId, pair.First, pair.Second)]))
            .Select(some => string.Join(",", some.Select(one => $"{one.Event}:{one.Endpoint}")))
            .ToList();

        Assert.Equal(["", "Started:", "", "", "Ended:ends,Ended:", "", "", "Ended:ends,Ended:"], messages);
    }

    [Fact]
    public void MessagesOf_ChangeOfAnEndedJob_IsNone()
    {
        var ended = JobTransitions.Cancel(TestJobs.Pending(), TestJobs.Noon);

        Assert.Empty(Routes.MessagesOf([new JobCommit(ended.JobId, ended, ended with { DisplayName = "b" })]));
        Assert.Empty(Routes.MessagesOf([new JobCommit(ended.JobId, ended, null)]));
    }

    [Fact]
    public void MessagesOf_JobStoredAsEnded_IsSent()
    {
        var ended = JobTransitions.Cancel(TestJobs.Pending(), TestJobs.Noon);

        Assert.Single(Routes.MessagesOf([new JobCommit(ended.JobId, null, ended)]));
    }

    [Fact]
    public void MessagesOf_JobDeletedInTheSameCommit_IsNone()
    {
        var job = TestJobs.Pending();
        var ended = JobTransitions.Cancel(job, TestJobs.Noon);

        Assert.Empty(Routes.MessagesOf(
            [new JobCommit(job.JobId, job, ended), new JobCommit(job.JobId, ended, null)]));
    }

    [Theory]
    [InlineData("a", "")]
    [InlineData("b", "b")]
    public void MessagesOf_EndpointOfATenant_HearsAboutItsJobsOnly(string tenant, string endpoints)
    {
        var job = TestJobs.Pending() with { Tenant = tenant };
        var running = JobTransitions.Claim(job, Token, TestJobs.Noon, TimeSpan.FromMinutes(1));

        var messages = Routes.MessagesOf([new JobCommit(job.JobId, job, running)]);

        Assert.Equal(endpoints, string.Join(",", messages.Select(message => message.Endpoint)));
    }

    [Fact]
    public void MessagesOf_ChangedJob_HaveTheTimeOfTheEventAndTheHostOfTheReceiver()
    {
        var job = TestJobs.Pending() with { Webhook = new JobWebhook("https://own.example:8443/x", true, true) };
        var running = JobTransitions.Claim(job, Token, TestJobs.Noon, TimeSpan.FromMinutes(1));
        var ended = JobTransitions.Cancel(running, TestJobs.Noon.AddSeconds(5));

        var later = TestJobs.Noon.AddMinutes(1);
        var start = Routes.MessagesOf([new JobCommit(job.JobId, job, running with { UpdatedAt = later })]).Single();
        var end = Routes.MessagesOf([new JobCommit(job.JobId, null, ended with { UpdatedAt = later })]);

        Assert.Equal((TestJobs.Noon, TestJobs.Noon), (start.CreatedAt, start.NextTryAt));
        Assert.Equal(
            (WebhookDeliveryState.Pending, 0, ""), (start.State, start.Tries, start.ErrorMessage));
        Assert.All(
            end,
            message => Assert.Equal(
                (TestJobs.Noon.AddSeconds(5), TestJobs.Noon.AddSeconds(5)), (message.CreatedAt, message.NextTryAt)));
        Assert.Equal(["a.example:443", "own.example:8443"], end.Select(message => message.Host));
    }

    [Fact]
    public void MessagesOf_JobAtAndOverTheLimit_ContainAllOrLess()
    {
        var job = JobTransitions.Cancel(
            TestJobs.Pending() with { Webhook = new JobWebhook("https://own.example/x", true, true) }, TestJobs.Noon);
        var commit = new JobCommit(job.JobId, null, job);
        var full = new WebhookRoutes([], int.MaxValue).MessagesOf([commit]).Single();
        var bytes = Encoding.UTF8.GetByteCount(full.JobJson);

        Assert.Equal(JobExtent.Full, new WebhookRoutes([], bytes).MessagesOf([commit]).Single().Extent);
        Assert.NotEqual(JobExtent.Full, new WebhookRoutes([], bytes - 1).MessagesOf([commit]).Single().Extent);
    }

    [Fact]
    public void MessagesOf_Silent_IsNone()
    {
        var ended = JobTransitions.Cancel(
            TestJobs.Pending() with { Webhook = new JobWebhook("https://own.example/x", true, true) }, TestJobs.Noon);

        Assert.Empty(WebhookRoutes.Silent.MessagesOf([new JobCommit(ended.JobId, null, ended)]));
    }

    [Theory]
    [InlineData(10, JobExtent.Full)]
    [InlineData(2_000, JobExtent.Basic)]
    [InlineData(20_000, JobExtent.Reference)]
    public void MessagesOf_LongJob_ContainsLess(int length, object extent)
    {
        var job = TestJobs.Pending() with { Webhook = new JobWebhook("https://own.example/x?k=secret", false, true) };
        var running = JobTransitions.Claim(job, Token, TestJobs.Noon, TimeSpan.FromMinutes(1));
        var failed = JobTransitions.Fail(
            running, Token, new JobFailure(ErrorReason.StageFailed, new string('\u00e9', length)), TestJobs.Noon);

        var message = Assert.Single(
            new WebhookRoutes([], 10_240).MessagesOf([new JobCommit(job.JobId, running, failed)]));

        Assert.Equal(extent, message.Extent);
        Assert.DoesNotContain("secret", message.JobJson, StringComparison.Ordinal);
        var sent = ForegSyteJson.StrictParser.Parse<Job>(message.JobJson);
        var whole = JobMessage.From(failed);
        Assert.Equal((whole.JobId, whole.Status, whole.Etag), (sent.JobId, sent.Status, sent.Etag));
        Assert.Equal(
            message.Extent switch
            {
                JobExtent.Full => whole,
                JobExtent.Basic => JobMessage.Basic(whole),
                _ => JobMessage.Reference(whole),
            },
            sent);
    }
}
