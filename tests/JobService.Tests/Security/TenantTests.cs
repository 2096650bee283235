using System.Threading.Channels;
using ForegSyte.Client;
using ForegSyte.Jobs.Frames;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using Contract = ForegSyte.V1.JobService;

namespace ForegSyte.Jobs.Tests.Security;

/// <summary>Isolation and limits of two tenants.</summary>
public sealed class TenantTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ListJobs_HasTheTenantsJobs_AndAllForAnAdmin()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var service = await StartAsync(setup);
        using var own = AccessOutcome.ChannelOf(service.Address, Key(setup, "submit"));
        using var read = AccessOutcome.ChannelOf(service.Address, Key(setup, "read"));
        using var other = AccessOutcome.ChannelOf(service.Address, Key(setup, "other"));
        using var admin = AccessOutcome.ChannelOf(service.Address, Key(setup, "admin"));
        var (mine, others) = (new List<string>(), new List<string>());
        for (var index = 0; index < 3; index++)
        {
            var job = await SubmitAsync(own);
            Assert.Equal("a", job.Tenant);
            mine.Add(job.JobId);
            others.Add((await SubmitAsync(other)).JobId);
        }

        foreach (var filter in new[] { "", "status = PENDING" })
        {
            Assert.Equal(mine.Order(), (await ListAsync(read, filter)).Order());
            Assert.Equal(others.Order(), (await ListAsync(other, filter)).Order());
            Assert.Equal(mine.Concat(others).Order(), (await ListAsync(admin, filter)).Order());
        }
    }

    [Fact]
    public async Task ListJobs_TokenOfAnotherTenant_IsInvalid()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var service = await StartAsync(setup);
        using var own = AccessOutcome.ChannelOf(service.Address, Key(setup, "submit"));
        using var read = AccessOutcome.ChannelOf(service.Address, Key(setup, "read"));
        using var other = AccessOutcome.ChannelOf(service.Address, Key(setup, "other"));
        await SubmitAsync(own);
        await SubmitAsync(own);
        var page = await Client(read).ListJobsAsync(
            new ListJobsRequest { PageSize = 1 }, cancellationToken: Cancellation);

        var refusal = await AccessOutcome.RefusalAsync(Client(other).ListJobsAsync(
            new ListJobsRequest { PageSize = 1, PageToken = page.NextPageToken }, cancellationToken: Cancellation));

        Assert.Equal("INVALID_PAGE_TOKEN", refusal.Reason);
    }

    [Fact]
    public async Task RequestId_OfTwoTenants_IsTwoRequests()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var service = await StartAsync(setup);
        using var own = AccessOutcome.ChannelOf(service.Address, Key(setup, "submit"));
        using var other = AccessOutcome.ChannelOf(service.Address, Key(setup, "other"));
        var requestId = Guid.NewGuid().ToString();

        var mine = await SubmitAsync(own, requestId);
        var theirs = await SubmitAsync(other, requestId);

        Assert.NotEqual(mine.JobId, theirs.JobId);
        Assert.Equal(mine.JobId, (await SubmitAsync(own, requestId)).JobId);
        Assert.Equal(theirs.JobId, (await SubmitAsync(other, requestId)).JobId);

        // A conflict names the id that was sent, not its stored form.
        var conflict = await AccessOutcome.RefusalAsync(Client(own).SubmitVideoAsync(
            RunningJobService.Request(priority: 9, requestId), cancellationToken: Cancellation));
        Assert.Equal((requestId, mine.JobId), (conflict.Metadata["requestId"], conflict.Metadata["jobId"]));
    }

    [Fact]
    [Reaches(ErrorReason.TenantQuotaExceeded)]
    public async Task MaxPendingJobs_OfOneTenant_IsExactAndLeavesOtherTenantsAlone()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var service = await StartAsync(
            setup, ("Tenants:MaxPendingJobs", "2"), ("Submit:QueueFullDelay", "00:00:07"));
        using var own = AccessOutcome.ChannelOf(service.Address, Key(setup, "submit"));
        using var other = AccessOutcome.ChannelOf(service.Address, Key(setup, "other"));
        var calls = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => TrySubmitAsync(own)));

        Assert.Equal(2, calls.Count(failure => failure is null));
        Assert.All(calls.OfType<RpcException>(), failure => CheckQuota(failure, "Tenants:MaxPendingJobs", 7));
        var accepted = await SubmitAsync(other);

        // A cancelled job is no longer pending, and a retry counts again.
        using var read = AccessOutcome.ChannelOf(service.Address, Key(setup, "read"));
        var first = (await ListAsync(read, "")).First();
        await Client(own).CancelJobAsync(new CancelJobRequest { JobId = first }, cancellationToken: Cancellation);
        Assert.Null(await TrySubmitAsync(own));
        var retry = await Assert.ThrowsAsync<RpcException>(() => Client(own).RetryJobAsync(
            new RetryJobRequest { JobId = first }, cancellationToken: Cancellation).ResponseAsync);
        CheckQuota(retry, "Tenants:MaxPendingJobs", 7);
        Assert.Equal(JobStatus.Pending, accepted.Status);
    }

    [Fact]
    public async Task MaxJobs_UntilSomeAreDeleted_RefusesNewOnes()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var service = await StartAsync(setup, ("Tenants:MaxJobs", "1"));
        using var own = AccessOutcome.ChannelOf(service.Address, Key(setup, "submit"));
        var job = await SubmitAsync(own);
        var cancel = new CancelJobRequest { JobId = job.JobId };
        await Client(own).CancelJobAsync(cancel, cancellationToken: Cancellation);

        var failure = await TrySubmitAsync(own);
        Assert.NotNull(failure);
        CheckQuota(failure, "Tenants:MaxJobs", retrySeconds: null);

        // The existing job can continue.
        var retry = new RetryJobRequest { JobId = job.JobId };
        await Client(own).RetryJobAsync(retry, cancellationToken: Cancellation);
        await Client(own).CancelJobAsync(cancel, cancellationToken: Cancellation);
        var delete = new DeleteJobRequest { JobId = job.JobId };
        await Client(own).DeleteJobAsync(delete, cancellationToken: Cancellation);
        await SubmitAsync(own);
    }

    [Fact]
    [Reaches(ErrorReason.RateLimited)]
    public async Task Rate_OfOneTenant_HasARetryDelayAndLeavesOtherTenantsAlone()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var service = await StartAsync(
            setup, ("Rate:CallsPerSecond", "0.001"), ("Rate:BurstCalls", "3"));
        using var read = AccessOutcome.ChannelOf(service.Address, Key(setup, "read"));
        using var other = AccessOutcome.ChannelOf(service.Address, Key(setup, "other"));
        for (var call = 0; call < 3; call++)
        {
            await ListAsync(read, "");
        }

        var failure = await Assert.ThrowsAsync<RpcException>(() => ListAsync(read, ""));
        var status = Refusal.Read(failure).Status;
        var info = status.GetDetail<ErrorInfo>();
        Assert.Equal(
            (StatusCode.ResourceExhausted, "RATE_LIMITED", "Rate:CallsPerSecond", "a"),
            (failure.StatusCode, info.Reason, info.Metadata["option"], info.Metadata["tenant"]));
        Assert.Equal("tenant:a", Assert.Single(status.GetDetail<QuotaFailure>().Violations).Subject);
        Assert.InRange(status.GetDetail<RetryInfo>().RetryDelay.ToTimeSpan().TotalSeconds, 1, 1000);
        await ListAsync(other, "");

        // Health checks do not count.
        Assert.Equal(AccessOutcome.Allowed, await AccessOutcome.OfAsync(options => RpcCalls.All[RpcCalls.Health](
            read.CreateCallInvoker(), "", options)));
    }

    [Fact]
    public async Task QueueState_OfOneTenant_CountsNoJobsOfOthers()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var service = await StartAsync(setup);
        using var own = AccessOutcome.ChannelOf(service.Address, Key(setup, "submit"));
        using var other = AccessOutcome.ChannelOf(service.Address, Key(setup, "other"));
        for (var number = 0; number < 3; number++)
        {
            await SubmitAsync(own);
        }

        Assert.Equal(1, (await SubmitAsync(other)).QueueState.Position);
        Assert.Equal(4, (await SubmitAsync(own)).QueueState.Position);
    }

    /// <summary>The jobs of the first tenant run until the test ends.</summary>
    [Fact]
    public async Task Dispatch_LongJobsOfOneTenant_CompletesTheJobOfAnother()
    {
        const int LongStride = 2;
        var inference = new ScriptedInference
        {
            OnRun = (request, _, cancellationToken) => request.FrameStride == LongStride
                ? Task.Delay(Timeout.Infinite, cancellationToken)
                : Task.CompletedTask,
        };
        using var setup = AccessSetup.ApiKeys();
        await using var service = await RunningJobService.StartAsync(inference, [.. setup.Settings]);
        using var own = AccessOutcome.ChannelOf(service.Address, Key(setup, "submit"));
        using var other = AccessOutcome.ChannelOf(service.Address, Key(setup, "other"));
        for (var number = 0; number < 3; number++)
        {
            var request = RunningJobService.Request();
            request.Options = new JobOptions { FrameStride = LongStride };
            await Client(own).SubmitVideoAsync(request, cancellationToken: Cancellation);
        }

        // Both places are taken, and each long job has a segment in flight.
        await Wait.ForAsync(
            () => Task.FromResult(inference.Requests.Select(request => request.JobId).Distinct().Count()),
            running => running == 2, "two long jobs run");
        var job = await SubmitAsync(other);

        await Wait.ForAsync(
            async () => (await Client(other).GetJobAsync(
                new GetJobRequest { JobId = job.JobId }, cancellationToken: Cancellation)).Job.Status,
            status => status == JobStatus.Completed, "the job of the other tenant completes");
    }

    [Fact]
    public async Task MaxWaitingCalls_OfOneTenant_LeavesOtherTenantsAlone()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var service = await StartAsync(setup, ("Tenants:MaxWaitingCalls", "1"));
        using var own = AccessOutcome.ChannelOf(service.Address, Key(setup, "submit"));
        using var read = AccessOutcome.ChannelOf(service.Address, Key(setup, "read"));
        using var other = AccessOutcome.ChannelOf(service.Address, Key(setup, "other"));
        var job = await SubmitAsync(own);
        using var end = new CancellationTokenSource();
        var calls = Enumerable.Range(0, 2).Select(_ => Client(read).WaitJobAsync(
            new WaitJobRequest { JobId = job.JobId, Etag = job.Etag }, cancellationToken: end.Token)).ToList();

        // One of them waits; the other is refused.
        var refused = await Task.WhenAny(calls.Select(call => call.ResponseAsync));
        var failure = await Assert.ThrowsAsync<RpcException>(() => refused);
        var info = Refusal.Read(failure).Info;
        Assert.Equal(
            ("TOO_MANY_CALLS", "Tenants:MaxWaitingCalls", "1"),
            (info.Reason, info.Metadata["option"], info.Metadata["limit"]));

        var others = await SubmitAsync(other);
        var answered = await Client(other).WaitJobAsync(
            new WaitJobRequest { JobId = others.JobId }, cancellationToken: Cancellation);
        Assert.Equal(others.JobId, answered.Job.JobId);
        await end.CancelAsync();
    }

    [Fact]
    public async Task MaxDownloads_OfOneTenant_LeavesOtherTenantsAlone()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var service = await StartAsync(setup, ("Tenants:MaxDownloads", "1"), ("Listen:HttpPort", "0"));
        var own = await LargeVideoAsync(service, setup, "submit", "read");
        var other = await LargeVideoAsync(service, setup, "other", "other");

        // The bodies are not read, so the downloads wait for their readers.
        using var stuck = await own.Http.GetAsync(own.Path, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        using var refused = await own.Http.GetAsync(own.Path, Cancellation);
        using var others = await other.Http.GetAsync(
            other.Path, HttpCompletionOption.ResponseHeadersRead, Cancellation);

        Assert.Equal((200, 429, 200), ((int)stuck.StatusCode, (int)refused.StatusCode, (int)others.StatusCode));
        Assert.Contains(
            "Tenants:MaxDownloads", await refused.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        own.Http.Dispose();
        other.Http.Dispose();
    }

    [Fact]
    public async Task Frames_OfOneTenant_LeaveOtherTenantsTheirTurnAndTheirShareOfTheQueue()
    {
        using var setup = AccessSetup.ApiKeys();
        var (open, started) = (new SemaphoreSlim(0), Channel.CreateUnbounded<int>());
        var inference = RunningJobService.NotServing();
        inference.OnFrame = async (request, cancellationToken) =>
        {
            await started.Writer.WriteAsync(request.FrameIndex, cancellationToken);
            await open.WaitAsync(cancellationToken);
            return new ForegSyte.Inference.V1.GetFrameResponse { FrameIndex = request.FrameIndex };
        };
        await using var service = await RunningJobService.StartAsync(
            inference,
            [.. setup.Settings, ("Frames:MaxRunning", "1"), ("Frames:MaxWaiting", "4"), ("Calls:MaxRunning", "100")]);
        using var own = AccessOutcome.ChannelOf(service.Address, Key(setup, "submit"));
        using var read = AccessOutcome.ChannelOf(service.Address, Key(setup, "read"));
        using var other = AccessOutcome.ChannelOf(service.Address, Key(setup, "other"));
        var (mine, others) = (await SubmitAsync(own), await SubmitAsync(other));

        var calls = new List<Task> { FrameAsync(read, mine, 1) };
        Assert.Equal(1, await started.Reader.ReadAsync(Cancellation));

        // Two of them wait, half of the queue, and one is refused.
        List<Task> more = [FrameAsync(read, mine, 2), FrameAsync(read, mine, 2), FrameAsync(read, mine, 2)];
        var refused = await Task.WhenAny(more);
        var failure = await Assert.ThrowsAsync<RpcException>(() => refused);
        var info = Refusal.Read(failure).Info;
        Assert.Equal(
            ("TOO_MANY_CALLS", "Tenants:MaxWaitingFrames", "2", "a"),
            (info.Reason, info.Metadata["option"], info.Metadata["limit"], info.Metadata["tenant"]));
        calls.AddRange(more.Where(call => call != refused));

        // The other tenant has the next turn, though its call is the last one.
        calls.Add(FrameAsync(other, others, 7));
        await Wait.ForAsync(
            () => Task.FromResult(service.Services.GetRequiredService<FramePictures>().Waiting),
            waiting => waiting == 3,
            "the other tenant's call waits");
        open.Release();
        Assert.Equal(7, await started.Reader.ReadAsync(Cancellation));
        open.Release(calls.Count);
        await Task.WhenAll(calls);

        static async Task FrameAsync(GrpcChannel channel, Job job, int frame) => await Client(channel).GetFrameAsync(
            new GetFrameRequest { JobId = job.JobId, FrameIndex = frame }, cancellationToken: Cancellation);
    }

    /// <summary>A client with a key, and the path of a video too large for the buffers of a connection.</summary>
    private static async Task<(HttpClient Http, string Path)> LargeVideoAsync(
        RunningJobService service, AccessSetup setup, string submitter, string reader)
    {
        using var channel = AccessOutcome.ChannelOf(service.Address, Key(setup, submitter));
        var job = await SubmitAsync(channel);
        await using (var file = File.OpenWrite(service.PathOf(ArtifactKeys.Video(Guid.Parse(job.JobId)))))
        {
            file.SetLength(200L << 20);
        }

        var http = new HttpClient { BaseAddress = service.HttpAddress };
        http.DefaultRequestHeaders.Add("x-api-key", Key(setup, reader).ApiKey);
        return (http, $"/v1/jobs/{job.JobId}/video");
    }

    private static void CheckQuota(RpcException failure, string limit, int? retrySeconds)
    {
        Assert.Equal(StatusCode.ResourceExhausted, failure.StatusCode);
        var status = Refusal.Read(failure).Status;
        var info = status.GetDetail<ErrorInfo>();
        Assert.Equal(
            ("TENANT_QUOTA_EXCEEDED", limit, "a"), (info.Reason, info.Metadata["option"], info.Metadata["tenant"]));
        Assert.Equal("tenant:a", Assert.Single(status.GetDetail<QuotaFailure>().Violations).Subject);
        Assert.Equal(retrySeconds, (int?)status.GetDetail<RetryInfo>()?.RetryDelay.ToTimeSpan().TotalSeconds);
    }

    private static async Task<RpcException?> TrySubmitAsync(GrpcChannel channel)
    {
        try
        {
            await SubmitAsync(channel);
            return null;
        }
        catch (RpcException failure)
        {
            return failure;
        }
    }

    private static async Task<Job> SubmitAsync(GrpcChannel channel, string requestId = "") =>
        (await Client(channel).SubmitVideoAsync(
            RunningJobService.Request(requestId: requestId), cancellationToken: Cancellation)).Job;

    private static async Task<List<string>> ListAsync(GrpcChannel channel, string filter)
    {
        var (jobs, request) = (new List<string>(), new ListJobsRequest { Filter = filter, PageSize = 2 });
        do
        {
            var page = await Client(channel).ListJobsAsync(request, cancellationToken: Cancellation);
            jobs.AddRange(page.Jobs.Select(job => job.JobId));
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);

        return jobs;
    }

    private static Contract.JobServiceClient Client(GrpcChannel channel) => new(channel);

    private static ClientCredentials Key(AccessSetup setup, string caller) => setup.Callers[caller];

    private static Task<RunningJobService> StartAsync(AccessSetup setup, params (string, string)[] settings) =>
        RunningJobService.StartAsync(RunningJobService.NotServing(), [.. setup.Settings, .. settings]);
}
