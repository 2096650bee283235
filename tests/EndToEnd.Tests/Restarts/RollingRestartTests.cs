using System.Globalization;
using ForegSyte.Client;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.EndToEnd.Tests.Restarts;

/// <summary>
/// Processes of the JobService take turns on one data folder and one port while callers submit and fetch: none of them
/// sees a call fail, no job is lost, and none is completed twice.
/// </summary>
public sealed class RollingRestartTests(ITestOutputHelper output)
{
    private const string Pipeline = "detect_only";
    private const int MaxFrames = 4;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static readonly Dictionary<string, string> Settings = new()
    {
        ["Database:LockTimeout"] = "00:01:00",
        ["Dispatch:SegmentFrames"] = "2",
        ["Inference:HealthInterval"] = "00:00:00.050",
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task JobServices_TakingTurnsUnderLoad_FailNoCallAndCompleteEveryJobOnce()
    {
        await using var services = new Installation(Settings);
        await services.StartAsync();
        var goesOn = true;
        var tally = new LoadTally();
        var options = new SubmitOptions { PipelineId = Pipeline, MaxFrames = MaxFrames };
        Task[] load =
        [
            TypedLoad.RunAsync(services, options, tally, () => Volatile.Read(ref goesOn)),
            TypedLoad.RunAsync(services, options, tally, () => Volatile.Read(ref goesOn)),
            PlainLoad.RunAsync(services.JobAddress, Pipeline, MaxFrames, tally, () => Volatile.Read(ref goesOn)),
            PlainLoad.RunAsync(services.JobAddress, Pipeline, MaxFrames, tally, () => Volatile.Read(ref goesOn)),
        ];
        for (var turn = 1; turn <= 4; turn++)
        {
            await WaitForJobsAsync(tally, tally.JobIds.Count + 4);

            // By DrainServer and by SIGTERM: both lead to the same end.
            Assert.Equal(0, await services.TakeTurnsAsync(turn % 2 == 0 ? before => before.StopAsync() : DrainAsync));
        }

        await WaitForJobsAsync(tally, tally.JobIds.Count + 4);
        Volatile.Write(ref goesOn, false);
        await Task.WhenAll(load).WaitAsync(Patience, Token);

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"4 turns: {tally.Calls} calls, {tally.Retries} retries, {tally.Failures.Count} failed, "
            + $"{tally.JobIds.Count} jobs"));
        Assert.Empty(tally.Failures);
        await AssertEachCompletedOnceAsync(services, tally);

        async Task DrainAsync(ServiceProcess before)
        {
            await using var client = services.Client();
            var drain = await client.DrainServerAsync(TimeSpan.FromSeconds(10), stop: true, Token);
            Assert.True(drain.Stops);
        }
    }

    [Fact]
    public async Task Start_BesideAJobServiceThatStays_IsRefusedAfterTheLockTimeout()
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

        Assert.Equal(1, await second.Exit.WaitAsync(Patience, Token));
        Assert.Contains("Waiting up to 00:00:01 for the previous process", second.Output, StringComparison.Ordinal);
        Assert.Contains("Another JobService uses", second.Output, StringComparison.Ordinal);
        await using var client = services.Client();
        Assert.Equal(DrainState.NotDraining, (await client.GetServerInfoAsync(Token)).DrainState);
    }

    private static async Task WaitForJobsAsync(LoadTally tally, int count)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (tally.JobIds.Count < count)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, "The load stands still.");
            await Task.Delay(20, Token);
        }
    }

    private static async Task AssertEachCompletedOnceAsync(Installation services, LoadTally tally)
    {
        await using var client = services.Client();
        var jobs = await client.ListJobsAsync(pageSize: 1000, cancellationToken: Token).ToListAsync(Token);
        Assert.Equal(tally.JobIds.Order(), jobs.Select(job => job.JobId).Order());
        foreach (var job in jobs)
        {
            Assert.Equal(JobStatus.Completed, job.Status);
            Assert.Single(job.Attempts, attempt => attempt.ErrorReason.Length == 0);
            Assert.All(job.Attempts.SkipLast(1), handedBack => Assert.Equal("SHUTTING_DOWN", handedBack.ErrorReason));
            var results = await client.GetResultsPageAsync(job.JobId, cancellationToken: Token);
            Assert.True(results.Complete);
            Assert.Equal(Enumerable.Range(0, MaxFrames), results.Results.Select(frame => frame.FrameIndex));
        }
    }
}
