using ForegSyte.V1;

namespace ForegSyte.Faults.Tests;

/// <summary>SIGSTOP, long enough to lose the lease or the health check, and then SIGCONT.</summary>
public sealed class FrozenTests(Undisturbed undisturbed)
{
    private static readonly Request Asked = Request.All[0];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task JobService_FrozenPastItsLease_RefusesTheLateAttemptAndRunsAnother()
    {
        var shortLease = new Dictionary<string, string>
        {
            ["Dispatch:LeaseDuration"] = "00:00:01",
            ["Dispatch:HeartbeatInterval"] = "00:00:00.300",
        };
        await using var service = new FaultyJobService([undisturbed.Inference.Address], settings: shortLease);
        await service.StartAsync();
        var ledger = new Ledger();
        var entry = (await new Actor(service, ledger).SubmitAsync(Asked, Token))!;
        await WaitForProgressAsync(service, entry.JobId);

        service.Process.Freeze();
        await Task.Delay(TimeSpan.FromSeconds(2), Token);
        service.Process.Thaw();

        var job = await service.WaitForEndAsync(entry.JobId, Token);
        Assert.Equal(["LEASE_LOST", ""], job.Attempts.Select(attempt => attempt.ErrorReason));
        await Verdict.ReachAsync(service, ledger, undisturbed, Token);
    }

    [Fact]
    public async Task InferenceService_FrozenMidJob_LeavesItsSegmentsToTheOther()
    {
        await using var second = new InferenceProcess();
        await second.StartAsync();
        await using var service = new FaultyJobService(
            [undisturbed.Inference.Address, second.Address],
            settings: new Dictionary<string, string> { ["Inference:HealthTimeout"] = "00:00:01" });
        await service.StartAsync();
        var ledger = new Ledger();
        var entry = (await new Actor(service, ledger).SubmitAsync(Asked, Token))!;

        second.Process.Freeze();
        try
        {
            await service.WaitForEndAsync(entry.JobId, Token);
        }
        finally
        {
            second.Process.Thaw();
        }

        await Verdict.ReachAsync(service, ledger, undisturbed, Token);
    }

    private static async Task WaitForProgressAsync(FaultyJobService service, string jobId)
    {
        var call = new WaitJobRequest { JobId = jobId };
        while (true)
        {
            var job = (await service.Client.WaitJobAsync(call, cancellationToken: Token)).Job;
            Assert.NotEqual(JobStatus.Completed, job.Status);
            if (job.Progress.FramesDone > 0)
            {
                return;
            }

            call.Etag = job.Etag;
        }
    }
}
