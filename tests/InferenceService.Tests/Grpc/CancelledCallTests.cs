using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.Grpc;
using ForegSyte.Inference.Tests.Video;
using ForegSyte.Inference.V1;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Inference.Tests.Grpc;

/// <summary>A call that is cancelled while a program hangs returns its slot and leaves no process.</summary>
public sealed class CancelledCallTests : IDisposable
{
    private readonly TemporaryFolder _programs = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _programs.Dispose();

    [Fact]
    public async Task RunPipeline_CancelledWhileFfprobeHangs_ReturnsItsSlot()
    {
        await using var service = await StartAsync("Video:FfprobePath", "sleep 600");

        await CancelAsync(
            service, (request, token) => service.Client.RunPipelineAsync(request, cancellationToken: token));

        await AssertSegmentSlotIsFreeAsync(service);
    }

    [Fact]
    public async Task RunPipeline_CancelledWhileFfmpegHangs_ReturnsItsSlot()
    {
        await using var service = await StartAsync(
            "Video:FfmpegPath", "case \"$*\" in *a.mp4*) sleep 600 ;; *) exec ffmpeg \"$@\" ;; esac");

        // Caches the index, so that the next call does not start ffprobe.
        await service.Client.ProbeVideoAsync(
            new ProbeVideoRequest { Video = service.Ask("a.mp4").Video }, cancellationToken: Cancel);
        await CancelAsync(
            service, (request, token) => service.Client.RunPipelineAsync(request, cancellationToken: token));

        await AssertSegmentSlotIsFreeAsync(service);
    }

    [Fact]
    public async Task ProbeVideo_CancelledWhileFfprobeHangs_ReturnsItsSlot()
    {
        await using var service = await StartAsync("Video:FfprobePath", "sleep 600");

        await CancelAsync(service, (request, token) => service.Client.ProbeVideoAsync(
            new ProbeVideoRequest { Video = request.Video }, cancellationToken: token));

        await Wait.UntilAsync(
            () =>
            {
                try
                {
                    service.Services.GetRequiredService<CallLimits>().EnterProbe().Dispose();
                    return true;
                }
                catch (ServiceException busy) when (busy.Reason == ErrorReason.InferenceBusy)
                {
                    return false;
                }
            },
            "the slot of ProbeVideo is free");
    }

    [Fact]
    public async Task ProbeVideo_SecondCallWhileFfprobeHangs_IsBusyWithTheOption()
    {
        await using var service = await StartAsync("Video:FfprobePath", "sleep 600");
        var request = new ProbeVideoRequest { Video = service.Ask("a.mp4").Video };
        using var cancel = new CancellationTokenSource();
        using var first = service.Client.ProbeVideoAsync(request, cancellationToken: cancel.Token);
        await Wait.UntilAsync(() => ChildProcesses.UsingFile(service.Videos.File("a.mp4")).Length > 0, "ffprobe runs");

        var (reason, failure) = await RunningService.FailureOfAsync(
            service.Client.ProbeVideoAsync(request, cancellationToken: Cancel));

        Assert.Equal((ErrorReason.InferenceBusy, StatusCode.ResourceExhausted), (reason, failure.StatusCode));
        Assert.Contains("Grpc:MaxRunningProbes", failure.Status.Detail, StringComparison.Ordinal);
        await cancel.CancelAsync();
        await Assert.ThrowsAsync<RpcException>(() => first.ResponseAsync);
    }

    /// <summary>Starts a service with one slot for each method and a script in place of a program.</summary>
    private async Task<RunningService> StartAsync(string option, string script)
    {
        var service = new RunningService(new()
        {
            ["Video:Sandbox"] = "off",
            ["Grpc:MaxRunningSegments"] = "1",
            ["Grpc:MaxRunningProbes"] = "1",
            [option] = FakeProgram.Make(_programs, script),
        });
        await service.InitializeAsync();
        await Clips.MakeTestPictureAsync(service.Videos.File("a.mp4"), frames: 5);
        return service;
    }

    /// <summary>Makes a call, cancels it once its program runs, and waits for the end of the program.</summary>
    private static async Task CancelAsync<T>(
        RunningService service, Func<RunPipelineRequest, CancellationToken, AsyncUnaryCall<T>> start)
    {
        var path = service.Videos.File("a.mp4");
        using var cancel = new CancellationTokenSource();
        using var call = start(service.Ask("a.mp4"), cancel.Token);
        await Wait.UntilAsync(() => ChildProcesses.UsingFile(path).Length > 0, "the program runs");

        await cancel.CancelAsync();

        var failure = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);
        Assert.Equal(StatusCode.Cancelled, failure.StatusCode);
        await Wait.UntilAsync(() => ChildProcesses.UsingFile(path).Length == 0, "the program has ended");
    }

    private static Task AssertSegmentSlotIsFreeAsync(RunningService service)
    {
        var admission = service.Services.GetRequiredService<CallLimits>().Segments;
        return Wait.UntilAsync(() => admission is { Running: 0, Waiting: 0 }, "the slot of RunPipeline is free");
    }
}
