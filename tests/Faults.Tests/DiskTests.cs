using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Testing;
using Grpc.Core;

namespace ForegSyte.Faults.Tests;

/// <summary>A disk that is full, and one that is slow.</summary>
public sealed class DiskTests(Undisturbed undisturbed)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SubmitVideo_FullDisk_IsRefusedAndWorksAgainWhenThereIsSpace()
    {
        using var folder = new TemporaryFolder();
        await using var disk = await SmallDisk.MountAsync(folder.File("disk"), megabytes: 32);
        await using var service = new FaultyJobService(
            [undisturbed.Inference.Address], Path.Combine(disk.Path, "data"),
            new Dictionary<string, string> { ["Storage:MinFreeBytes"] = "0" });
        await service.StartAsync();
        var ledger = new Ledger();
        var actor = new Actor(service, ledger);
        Assert.NotNull(await actor.SubmitAsync(Request.All[0], Token));

        disk.Fill();
        var refused = 0;
        for (var i = 0; i < 20; i++)
        {
            var requestId = Guid.NewGuid();
            var call = Request.All[1].Call(FaultyJobService.VideoUri, requestId);
            var failure = await Assert.ThrowsAsync<RpcException>(
                async () => await service.Client.SubmitVideoAsync(call, cancellationToken: Token));
            Assert.Equal(StatusCode.ResourceExhausted, failure.StatusCode);
            refused++;
        }

        disk.Free();
        Assert.Equal(20, refused);
        Assert.NotNull(await actor.SubmitAsync(Request.All[2], Token));
        var tally = await Verdict.ReachAsync(service, ledger, undisturbed, Token);
        Assert.Equal(2, tally.Completed);
    }

    [Fact]
    public async Task JobService_DiskThatTakesAQuarterSecondForEachSync_LosesNothingWhenItIsKilled()
    {
        var strace = await Cli.Wrap("strace").WithArguments(["-f", "-o", "/dev/null", "true"])
            .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(Token);
        Assert.SkipUnless(strace.ExitCode == 0, "strace cannot trace here: " + strace.StandardError);

        await using var service = new FaultyJobService([undisturbed.Inference.Address]);
        string[] slowly =
        [
            "strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=fsync,fdatasync,syncfs",
            "-e", "inject=fsync,fdatasync,syncfs:delay_enter=250000",
        ];
        await service.StartAsync(null, 1, slowly);
        var ledger = new Ledger();
        var actor = new Actor(service, ledger);
        var entry = (await actor.SubmitAsync(Request.All[0], Token))!;
        await service.WaitForEndAsync(entry.JobId, Token);
        Assert.NotNull(await actor.SubmitAsync(Request.All[1], Token));
        var unanswered = actor.SubmitAsync(Request.All[2], Token);
        await service.KillTreeAsync();
        await unanswered;

        await service.StartAsync();
        await Verdict.ReachAsync(service, ledger, undisturbed, Token);
    }
}
