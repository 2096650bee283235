using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Testing;
using ForegSyte.Testing.Servers;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Storage.PostgreSql;

/// <summary>The whole JobService on PostgreSQL.</summary>
public sealed class PostgresServiceTests
{
    [Fact]
    public async Task SubmitVideo_EmptyDatabase_RunsTheJobToItsEnd()
    {
        await using var server = await PostgresServer.StartOrSkipAsync();
        await using var service = await StartAsync(await server.CreateDatabaseAsync(), new ScriptedInference());

        var job = await service.SubmitAsync();
        var ended = await service.GetWhenAsync(
            job.JobId, found => found.Status is JobStatus.Completed or JobStatus.Failed);

        Assert.Equal(JobStatus.Completed, ended.Status);
        var counts = await server.QueryAsync(
            "SELECT sum(jobs), sum(pending) FROM tenant_usage", await DatabaseAsync(server));
        Assert.Equal(["1|0"], counts);
        var usage = Assert.Single((await service.Client.ListTenantUsageAsync(
            new(), cancellationToken: TestContext.Current.CancellationToken)).Usage);
        Assert.Equal((1L, (long)RunningJobService.Video.Length), (usage.JobCount, usage.VideoBytes));
        Assert.True(usage.ResultBytes > 0, $"The results take no space: {usage}");
    }

    [Fact]
    public async Task CreateBackup_IsRefusedWithWhatToDo()
    {
        await using var server = await PostgresServer.StartOrSkipAsync();
        await using var service =
            await StartAsync(await server.CreateDatabaseAsync(), RunningJobService.NotServing());

        var refusal = await Refusal.OfAsync(service.Client.CreateBackupAsync(
            new(), cancellationToken: TestContext.Current.CancellationToken));

        Assert.Equal(ErrorReason.Unimplemented, refusal.Reason);
        Assert.Contains("pg_dump", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Reaches(ErrorReason.StoreUnavailable)]
    public async Task GetJob_WhileTheDatabaseIsAway_IsUnavailableUntilItIsBack()
    {
        await using var server = await PostgresServer.StartOrSkipAsync();
        await using var service =
            await StartAsync(await server.CreateDatabaseAsync(), RunningJobService.NotServing());
        var job = await service.SubmitAsync();
        await server.CrashAsync();

        var refusal = await Refusal.OfAsync(
            service.Client.GetJobAsync(
                new GetJobRequest { JobId = job.JobId }, cancellationToken: TestContext.Current.CancellationToken));

        Assert.Equal(ErrorReason.StoreUnavailable, refusal.Reason);
        await server.StartAsync();
        Assert.Equal(JobStatus.Pending, (await service.GetAsync(job.JobId)).Status);
        Assert.NotEqual(job.JobId, (await service.SubmitAsync()).JobId);
    }

    private static Task<RunningJobService> StartAsync(string connectionString, ScriptedInference inference) =>
        RunningJobService.StartAsync(
            inference, ("Store", "PostgreSql"), ("PostgreSql:ConnectionString", connectionString));

    private static async Task<string> DatabaseAsync(PostgresServer server) => (await server.QueryAsync(
        "SELECT datname FROM pg_database WHERE datname LIKE 'test_%'")).Single();
}
