using ForegSyte.Jobs.Faults;

namespace ForegSyte.Faults.Tests;

/// <summary>kill -9 of the JobService at each named point of a job's way.</summary>
public sealed class CrashPointTests(Undisturbed undisturbed)
{
    private static readonly Request Asked = Request.All[0];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Points =>
        [.. Enum.GetValues<CrashPoint>().Except(UploadCrashTests.OwnPoints).Select(point => point.ToString())];

    [Theory]
    [MemberData(nameof(Points))]
    public async Task JobService_KilledAt_KeepsWhatItAcknowledged(string name)
    {
        var point = Enum.Parse<CrashPoint>(name);
        await using var service = new FaultyJobService([undisturbed.Inference.Address]);
        var ledger = new Ledger();

        await service.StartAsync(point);
        await DriveAsync(service, point, ledger);
        Assert.Equal(FaultyJobService.Killed, await service.Process.Exit.WaitAsync(TimeSpan.FromMinutes(1), Token));

        await service.StartAsync();
        var tally = await Verdict.ReachAsync(service, ledger, undisturbed, Token);
        Assert.Equal(1, tally.Completed + tally.Cancelled + tally.Gone);
    }

    /// <summary>
    /// Does what leads to the point. Calls that the crash cuts off are what the ledger calls unknown.
    /// </summary>
    private static async Task DriveAsync(FaultyJobService service, CrashPoint point, Ledger ledger)
    {
        var actor = new Actor(service, ledger);
        var entry = await actor.SubmitAsync(Asked, Token);
        if (entry is null || service.Process.Exit.IsCompleted)
        {
            return;
        }

        switch (point)
        {
            case CrashPoint.JobCancelled:
                await actor.CancelAsync(entry, Token);
                break;
            case CrashPoint.JobRetried:
                await actor.CancelAsync(entry, Token);
                await actor.RetryAsync(entry, Token);
                break;
            case CrashPoint.JobDeleted or CrashPoint.ArtifactsDeleted:
                await service.WaitForEndAsync(entry.JobId, Token);
                await actor.DeleteAsync(entry, Token);
                break;
        }
    }
}
