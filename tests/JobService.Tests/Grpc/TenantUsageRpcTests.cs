using ForegSyte.Jobs.Metrics;
using ForegSyte.Jobs.Submission;
using ForegSyte.Jobs.Tenants;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Contract = ForegSyte.V1.JobService;
using Message = ForegSyte.V1.TenantUsage;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>ListTenantUsage, over a socket, and the metrics of tenants.</summary>
public sealed class TenantUsageRpcTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ListTenantUsage_JobsAndUploads_CountsThemUntilTheyAreDeleted()
    {
        await using var service = await RunningJobService.StartAsync(new ScriptedInference());
        using var metrics = new RecordedMetrics<JobMetrics>(service.Services);
        var job = await service.SubmitAsync();
        await service.GetWhenAsync(job.JobId, found => found.Status == JobStatus.Completed);
        var upload = await service.Uploads.CreateUploadAsync(
            new CreateUploadRequest { SizeBytes = 5000 }, cancellationToken: Cancellation);

        var usage = Assert.Single(await ListAsync(service.Client));

        Assert.Equal(
            ("", 1L, (long)RunningJobService.Video.Length, 1, 5000L),
            (usage.Tenant, usage.JobCount, usage.VideoBytes, usage.UploadCount, usage.UploadBytes));
        Assert.True(usage.ResultBytes > 0, $"The results take no space: {usage}");
        Assert.Equal((0L, 0L, 0L), (usage.MaxVideoBytes, usage.MaxResultBytes, usage.MaxJobCount));
        metrics.Collect();
        Assert.Equal([1], metrics.Values("foregsyte.jobs.tenant.jobs", "tenant="));
        Assert.Equal([usage.VideoBytes], metrics.Values("foregsyte.jobs.tenant.stored", "tenant=,kind=videos"));
        Assert.Equal([usage.ResultBytes], metrics.Values("foregsyte.jobs.tenant.stored", "tenant=,kind=results"));
        Assert.Equal([5000], metrics.Values("foregsyte.jobs.tenant.stored", "tenant=,kind=uploads"));
        Assert.Equal([1], metrics.Values("foregsyte.jobs.nodes.live"));

        await service.Uploads.AbortUploadAsync(
            new AbortUploadRequest { UploadId = upload.Upload.UploadId }, cancellationToken: Cancellation);
        await service.Client.DeleteJobAsync(
            new DeleteJobRequest { JobId = job.JobId }, cancellationToken: Cancellation);
        Assert.Empty(await ListAsync(service.Client));
    }

    [Fact]
    public async Task ListTenantUsage_TwoTenants_ShowsEachItsOwnAndAnAdminAll()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(),
            [
                .. setup.Settings, ("Tenants:MaxVideoBytes", "1000000000"), ("Tenants:MaxResultBytes", "1000"),
                ("Tenants:MaxJobs", "7"),
            ]);
        using var own = ChannelOf(service, setup, "submit");
        using var other = ChannelOf(service, setup, "other");
        using var read = ChannelOf(service, setup, "read");
        using var admin = ChannelOf(service, setup, "admin");
        foreach (var channel in (GrpcChannel[])[own, own, other])
        {
            await new Contract.JobServiceClient(channel).SubmitVideoAsync(
                RunningJobService.Request(), cancellationToken: Cancellation);
        }

        var mine = Assert.Single(await ListAsync(new(read)));
        Assert.Equal(
            ("a", 2L, 2L * RunningJobService.Video.Length, 1_000_000_000L, 1000L, 7L),
            (mine.Tenant, mine.JobCount, mine.VideoBytes, mine.MaxVideoBytes, mine.MaxResultBytes, mine.MaxJobCount));
        Assert.Equal([("b", 1L)], (await ListAsync(new(other))).Select(one => (one.Tenant, one.JobCount)));

        var first = await new Contract.JobServiceClient(admin).ListTenantUsageAsync(
            new ListTenantUsageRequest { PageSize = 1 }, cancellationToken: Cancellation);
        var second = await new Contract.JobServiceClient(admin).ListTenantUsageAsync(
            new ListTenantUsageRequest { PageSize = 1, PageToken = first.NextPageToken },
            cancellationToken: Cancellation);
        Assert.Equal(
            [("a", 2L), ("b", 1L)], first.Usage.Concat(second.Usage).Select(one => (one.Tenant, one.JobCount)));
        Assert.Empty(second.NextPageToken);
    }

    [Fact]
    public async Task Usage_OfOtherNodes_IsAddedAndTenantsWithoutAnyAreLeftOut()
    {
        using var meters = new RecordedMetrics<JobMetrics>();
        var store = new InMemoryJobStore(TimeProvider.System, isShared: true);
        var (usages, quota, space) = UsagesOf(store, meters.Metrics);
        await store.InsertAsync(TestJobs.Pending() with { Tenant = "a", VideoBytes = 10 }, Cancellation);
        await store.InsertAsync(TestJobs.Pending() with { Tenant = "b", VideoBytes = 5 }, Cancellation);
        var elsewhere = new[] { new TenantUsage("a", 2, 1, 60, 30), new TenantUsage("b", -1, -1, -5, 0) }
            .ToDictionary(usage => usage.Tenant);
        quota.SetElsewhere(elsewhere);
        space.SetElsewhere(elsewhere);

        var usage = Assert.Single(usages.List(tenant: null));

        Assert.Equal(("a", 3, 70L, 30L), (usage.Tenant, usage.Jobs, usage.VideoBytes, usage.ResultBytes));
    }

    [Fact]
    public async Task Metrics_OfManyTenants_NameTheLargestAndAddUpTheOthers()
    {
        using var meters = new RecordedMetrics<JobMetrics>();
        var store = new InMemoryJobStore(TimeProvider.System);
        var (usages, _, _) = UsagesOf(store, meters.Metrics);
        await usages.StartAsync(Cancellation);
        for (var number = 1; number <= TenantUsages.MaxMeteredTenants + 3; number++)
        {
            await store.InsertAsync(
                TestJobs.Pending() with { Tenant = $"t{number}", VideoBytes = number }, Cancellation);
        }

        meters.Collect();

        Assert.Equal(TenantUsages.MaxMeteredTenants + 1, meters.Values("foregsyte.jobs.tenant.jobs").Count);
        Assert.Equal([3], meters.Values("foregsyte.jobs.tenant.jobs", "tenant=(others)"));
        Assert.Equal([1 + 2 + 3], meters.Values("foregsyte.jobs.tenant.stored", "tenant=(others),kind=videos"));
    }

    private static (TenantUsages Usages, PendingJobQuota Quota, TenantSpace Space) UsagesOf(
        InMemoryJobStore store, JobMetrics metrics)
    {
        var tenants = Options.Create(new TenantOptions());
        var quota = new PendingJobQuota(store, Options.Create(new SubmitOptions()), tenants);
        var space = new TenantSpace(store, new InMemoryStorage(), tenants);
        return (new TenantUsages(quota, space, tenants, metrics), quota, space);
    }

    private static GrpcChannel ChannelOf(RunningJobService service, AccessSetup setup, string caller) =>
        AccessOutcome.ChannelOf(service.Address, setup.Callers[caller]);

    private static async Task<IReadOnlyList<Message>> ListAsync(Contract.JobServiceClient client) =>
        (await client.ListTenantUsageAsync(new(), cancellationToken: Cancellation)).Usage;
}
