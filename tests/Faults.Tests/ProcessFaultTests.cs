using System.Diagnostics;
using ForegSyte.Protocol.Errors;
using ForegSyte.Testing;
using ForegSyte.Testing.Faults;
using ForegSyte.V1;

namespace ForegSyte.Faults.Tests;

/// <summary>Services that are suspended (SIGSTOP) for longer than their lease or health check, then resumed.</summary>
public sealed class SuspendedServiceTests(BaselineRun baseline)
{
    /// <summary>Jobs to try until one is suspended while it runs; a fast machine can complete a job first.</summary>
    private const int MaxTries = 10;

    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(3);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task JobService_SuspendedPastItsLease_RejectsTheLateAttemptAndRunsAnother()
    {
        var shortLease = new Dictionary<string, string>
        {
            ["Dispatch:LeaseDuration"] = Lease.ToString(),
            ["Dispatch:HeartbeatInterval"] = "00:00:00.500",
        };
        await using var service = new RestartableJobService([baseline.Inference.Address], settings: shortLease);
        await service.StartAsync();
        var expected = new ExpectedJobs();
        var caller = new JobCaller(service, expected);
        Job job;
        var tries = 0;
        do
        {
            Assert.True(tries++ < MaxTries, $"Each of {MaxTries} jobs completed before the suspension.");
            var entry = (await caller.SubmitAsync(JobRequest.All[0], Token))!;
            await WaitUntilStartedAsync(service, entry.JobId);

            // The pause is the fault: it must exceed the lease.
            service.Process.Freeze();
            await Task.Delay(Lease + TimeSpan.FromSeconds(1), Token);
            service.Process.Thaw();
            job = await service.WaitForEndAsync(entry.JobId, Token);
        }
        while (job.Attempts.Count == 1);

        // A slow machine can lose more than one lease.
        Assert.All(
            job.Attempts.SkipLast(1),
            attempt => Assert.Equal(ErrorReason.LeaseLost, ErrorStatus.ReasonOf(attempt.Error)));
        await ConsistencyCheck.RunAsync(service, expected, baseline, Token);
    }

    [Fact]
    public async Task InferenceService_SuspendedMidJob_LeavesItsSegmentsToTheOther()
    {
        await using var second = new InferenceProcess();
        await second.StartAsync();
        await using var service = new RestartableJobService(
            [baseline.Inference.Address, second.Address],
            settings: new Dictionary<string, string> { ["Inference:HealthTimeout"] = "00:00:01" });
        await service.StartAsync();
        var expected = new ExpectedJobs();
        var entry = (await new JobCaller(service, expected).SubmitAsync(JobRequest.All[0], Token))!;

        second.Process.Freeze();
        try
        {
            await service.WaitForEndAsync(entry.JobId, Token);
        }
        finally
        {
            second.Process.Thaw();
        }

        await ConsistencyCheck.RunAsync(service, expected, baseline, Token);
    }

    private static async Task WaitUntilStartedAsync(RestartableJobService service, string jobId)
    {
        var call = new WaitJobRequest { JobId = jobId };
        Job job;
        do
        {
            job = (await service.Client.WaitJobAsync(call, cancellationToken: Token)).Job;
            call.Etag = job.Etag;
        }
        while (job.Status == JobStatus.Pending);
    }
}

/// <summary>kill -9 of the decoder.</summary>
public sealed class DecoderTests(BaselineRun baseline)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ffmpeg_KilledMidSegment_LosesNoFrame()
    {
        await using var service = new RestartableJobService([baseline.Inference.Address]);
        await service.StartAsync();
        var expected = new ExpectedJobs();
        var caller = new JobCaller(service, expected);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var killer = KillDecodersAsync(baseline.Inference.Process.Id, 3, stop.Token);
        while (!killer.IsCompleted)
        {
            var entry = (await caller.SubmitAsync(JobRequest.All[0], Token))!;
            await service.WaitForEndAsync(entry.JobId, Token);
        }

        Assert.Equal(3, await killer);
        await ConsistencyCheck.RunAsync(service, expected, baseline, Token);
    }

    /// <summary>Kills the next decoders of a service, in their sandboxes; returns their number.</summary>
    private static async Task<int> KillDecodersAsync(int parent, int count, CancellationToken cancellationToken)
    {
        var killed = new HashSet<int>();
        while (killed.Count < count && !cancellationToken.IsCancellationRequested)
        {
            foreach (var id in ChildProcesses.Below(parent).Where(id => killed.Count < count && !killed.Contains(id)))
            {
                try
                {
                    using var decoder = Process.GetProcessById(id);
                    if (decoder.ProcessName == "ffmpeg")
                    {
                        decoder.Kill();
                        killed.Add(id);
                    }
                }
                catch (Exception gone) when (gone is ArgumentException or InvalidOperationException)
                {
                    // It has ended.
                    continue;
                }
            }

            await Task.Delay(5, CancellationToken.None);
        }

        return killed.Count;
    }
}
