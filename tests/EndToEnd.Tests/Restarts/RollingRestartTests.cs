using System.Globalization;
using ForegSyte.Client;
using ForegSyte.Protocol.Errors;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.EndToEnd.Tests.Restarts;

/// <summary>
/// JobService processes replace each other on one data folder and port under load: no call fails after its retries, no
/// job is lost, and no job completes twice.
/// </summary>
public sealed class RollingRestartTests(ITestOutputHelper output)
{
    private const string Pipeline = "detect_only";
    private const int MaxFrames = 4;
    private const int Restarts = 4;

    private static readonly Dictionary<string, string> Settings = new()
    {
        ["Database:LockTimeout"] = "00:01:00",
        ["Dispatch:SegmentFrames"] = "2",
        ["Inference:HealthInterval"] = "00:00:00.050",
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task JobServices_ReplacedUnderLoad_FailNoCallAndCompleteEveryJobOnce()
    {
        await using var services = new Installation(Settings);
        await services.StartAsync();
        var stop = new TaskCompletionSource();
        var load = new LoadStatistics();
        var options = new SubmitOptions { PipelineId = Pipeline, MaxFrames = MaxFrames };
        Task[] callers =
        [
            SdkLoad.RunAsync(services, options, load, stop.Task),
            SdkLoad.RunAsync(services, options, load, stop.Task),
            StubLoad.RunAsync(services.JobAddress, Pipeline, MaxFrames, load, stop.Task),
            StubLoad.RunAsync(services.JobAddress, Pipeline, MaxFrames, load, stop.Task),
        ];
        for (var restart = 1; restart <= Restarts; restart++)
        {
            await WaitForMoreJobsAsync(load);

            // DrainServer and SIGTERM in turn.
            Assert.Equal(
                0, await services.ReplaceJobServiceAsync(restart % 2 == 0 ? before => before.StopAsync() : DrainAsync));
        }

        await WaitForMoreJobsAsync(load);
        stop.SetResult();
        await Task.WhenAll(callers).WaitAsync(Wait.Timeout, Token);

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Restarts} restarts: {load.Calls} calls, {load.Retries} retries, {load.Failures.Count} failed, "
            + $"{load.JobIds.Count} jobs"));
        Assert.Empty(load.Failures);
        await AssertEachCompletedOnceAsync(services, load);

        async Task DrainAsync(ServiceProcess before)
        {
            await using var client = services.Client();
            var drain = await client.DrainServerAsync(
                TimeSpan.FromSeconds(10), exitWhenDrained: true, cancellationToken: Token);
            Assert.True(drain.ExitsWhenDrained, "DrainServer did not announce the stop.");
        }
    }

    [Fact]
    public async Task Start_BesideARunningJobService_IsRefusedAfterTheLockTimeout()
    {
        await using var services = new Installation(new Dictionary<string, string>
        {
            ["Database:LockTimeout"] = "00:00:01",
        });
        await services.StartJobServiceAsync();
        await using var second = ServiceProcess.Launch("JobService", new Dictionary<string, string>
        {
            ["DataDirectory"] = services.Data,
            ["Database:LockTimeout"] = "00:00:01",
            ["Listen:Port"] = services.JobAddress.Port.ToString(CultureInfo.InvariantCulture),
            ["Pipelines:Directory"] = Path.Combine(RepositoryFiles.Data, "pipelines"),
        });

        Assert.Equal(1, await second.Exit.WaitAsync(Wait.Timeout, Token));
        Assert.Contains("Waiting up to 00:00:01 for the previous process", second.Output, StringComparison.Ordinal);
        Assert.Contains("Another JobService uses", second.Output, StringComparison.Ordinal);
        await using var client = services.Client();
        Assert.Equal(DrainState.NotDraining, (await client.GetServerInfoAsync(cancellationToken: Token)).DrainState);
    }

    private static Task WaitForMoreJobsAsync(LoadStatistics load)
    {
        var count = load.JobIds.Count + 4;
        return Wait.UntilAsync(() => load.JobIds.Count >= count, "the callers submit 4 more jobs");
    }

    private static async Task AssertEachCompletedOnceAsync(Installation services, LoadStatistics load)
    {
        await using var client = services.Client();
        var jobs = await client.ListJobsAsync(pageSize: 1000, view: JobView.Full, cancellationToken: Token)
            .ToListAsync(Token);
        Assert.Equal(load.JobIds.Order(), jobs.Select(job => job.JobId).Order());
        foreach (var job in jobs)
        {
            Assert.Equal(JobStatus.Completed, job.Status);
            Assert.Single(job.Attempts, attempt => attempt.Error is null);
            Assert.All(job.Attempts.SkipLast(1),
                attempt => Assert.Equal(ErrorReason.ShuttingDown, ErrorStatus.ReasonOf(attempt.Error)));
            var results = await client.GetResultsPageAsync(job.JobId, cancellationToken: Token);
            Assert.True(results.Complete, $"The results of {job.JobId} are incomplete.");
            Assert.Equal(Enumerable.Range(0, MaxFrames), results.Results.Select(frame => frame.FrameIndex));
        }
    }
}
