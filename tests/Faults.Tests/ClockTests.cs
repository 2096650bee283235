using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Faults.Tests;

/// <summary>A wall clock that jumps while jobs run, by libfaketime (Debian package faketime).</summary>
public sealed class ClockTests(Undisturbed undisturbed)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("+2h")]
    [InlineData("-2h")]
    public async Task JobService_ClockJumps_CompletesEachJobOnce(string jump)
    {
        var library = Directory.Exists("/usr/lib")
            ? Directory.EnumerateFiles("/usr/lib", "libfaketimeMT.so.1", new EnumerationOptions
            {
                RecurseSubdirectories = true,
                IgnoreInaccessible = true,
                MaxRecursionDepth = 3,
            }).FirstOrDefault()
            : null;
        Assert.SkipWhen(library is null, "libfaketime is not installed (Debian package faketime).");

        using var folder = new TemporaryFolder();
        var clock = folder.File("clock");
        await File.WriteAllTextAsync(clock, "+0", Token);
        await using var service = new FaultyJobService([undisturbed.Inference.Address]);
        await service.StartAsync(
            null, 1, "env", $"LD_PRELOAD={library}", "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1",
            $"FAKETIME_TIMESTAMP_FILE={clock}");
        var ledger = new Ledger();
        var actor = new Actor(service, ledger);
        var entry = (await actor.SubmitAsync(Request.All[0], Token))!;
        var call = new WaitJobRequest { JobId = entry.JobId };
        var before = (await service.Client.WaitJobAsync(call, cancellationToken: Token)).Job;

        await File.WriteAllTextAsync(clock, jump, Token);
        var after = (await actor.SubmitAsync(Request.All[1], Token))!;

        var created = (await service.WaitForEndAsync(after.JobId, Token)).CreatedAt.ToDateTimeOffset();
        Assert.True(
            (created - before.CreatedAt.ToDateTimeOffset()).Duration() > TimeSpan.FromHours(1),
            "The clock of the service did not jump.");
        var tally = await Verdict.ReachAsync(service, ledger, undisturbed, Token);
        Assert.Equal(2, tally.Completed);
    }
}
