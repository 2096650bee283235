using ForegSyte.Hosting.Health;
using ForegSyte.Inference.Tests.Video;
using ForegSyte.Inference.V1;
using ForegSyte.Inference.Video;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Rpc;
using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Inference.Tests.Grpc;

/// <summary>A decoder that fails on every video is the server's fault, and the video is not blamed.</summary>
public sealed class DecoderSelfTestTests : IAsyncLifetime
{
    private const string SilentEnd = "exit 0";
    private const string Error = "exit 1";
    private const string Crash = "kill -SEGV $$";

    private readonly TemporaryFolder _folder = new();
    private RunningService? _service;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Mark => _folder.File("broken");

    private RunningService Service => _service!;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_service is not null)
        {
            await _service.DisposeAsync();
        }

        _folder.Dispose();
    }

    [Theory]
    [InlineData(SilentEnd)]
    [InlineData(Error)]
    [InlineData(Crash)]
    [Reaches(ErrorReason.DecoderUnavailable)]
    public async Task RunPipeline_FfmpegBreaksAndIsRepaired_IsUnavailableUntilThen(string defect)
    {
        await StartAsync(ffmpeg: defect, ffprobe: null);
        Assert.Equal(5, await AnalyzeAsync());

        Break();
        var (reason, failure) = await RunningService.FailureOfAsync(
            Service.Client.RunPipelineAsync(Service.Ask("a.mp4"), cancellationToken: Cancel));

        Assert.Equal((ErrorReason.DecoderUnavailable, StatusCode.Unavailable), (reason, failure.StatusCode));
        Assert.NotNull(failure.GetRpcStatus()!.GetDetail<RetryInfo>());
        await WaitForHealthAsync(HealthCheckResponse.Types.ServingStatus.NotServing);
        Assert.Equal(ErrorReason.DecoderUnavailable, (await ProbeFailureAsync()).Reason);

        Repair();
        await WaitForHealthAsync(HealthCheckResponse.Types.ServingStatus.Serving);
        Assert.Equal(5, await AnalyzeAsync());
    }

    [Theory]
    [InlineData(SilentEnd)]
    [InlineData(Error)]
    [InlineData(Crash)]
    public async Task ProbeVideo_FfprobeBreaks_IsUnavailable(string defect)
    {
        await StartAsync(ffmpeg: null, ffprobe: defect);

        Break();

        Assert.Equal(ErrorReason.DecoderUnavailable, (await ProbeFailureAsync()).Reason);
        Assert.False(Service.Services.GetRequiredService<Readiness>().IsReady, "A broken ffprobe makes it not ready.");
    }

    [Fact]
    public async Task Start_FfmpegIsBroken_IsNotReadyUntilItIsRepaired()
    {
        Break();
        await StartAsync(ffmpeg: Error, ffprobe: null);

        await WaitForHealthAsync(HealthCheckResponse.Types.ServingStatus.NotServing);

        Repair();
        await WaitForHealthAsync(HealthCheckResponse.Types.ServingStatus.Serving);
    }

    [Fact]
    public async Task RunPipeline_VideoIsBroken_IsTheVideosFaultAndTheServiceStaysReady()
    {
        await StartAsync(ffmpeg: null, ffprobe: null);
        await Clips.MakeIndependentFramesAsync(Service.Videos.File("bad.mp4"), frames: 3);
        await Mp4Surgery.EraseFramesAsync(Service.Videos.File("bad.mp4"), 0, 1, 2);
        var selfTest = Service.Services.GetRequiredService<DecoderSelfTest>();
        var before = selfTest.StartCount;

        var failures = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => RunningService.FailureOfAsync(
            Service.Client.RunPipelineAsync(Service.Ask("bad.mp4"), cancellationToken: Cancel))));

        Assert.All(failures, failure => Assert.Equal(ErrorReason.UndecodableVideo, failure.Reason));
        Assert.InRange(selfTest.StartCount - before, 1, 4);
        Assert.True(Service.Services.GetRequiredService<Readiness>().IsReady, "The decoder is good.");
    }

    private async Task<int> AnalyzeAsync() =>
        (await Service.Client.RunPipelineAsync(Service.Ask("a.mp4"), cancellationToken: Cancel)).Frames.Analyzed;

    private async Task<(ErrorReason Reason, RpcException Failure)> ProbeFailureAsync() =>
        await RunningService.FailureOfAsync(Service.Client.ProbeVideoAsync(
            new ProbeVideoRequest { Video = Service.Ask("b.mp4").Video }, cancellationToken: Cancel));

    private async Task WaitForHealthAsync(HealthCheckResponse.Types.ServingStatus status) => await Wait.ForAsync(
        async () => (await new Health.HealthClient(Service.Channel!).CheckAsync(
            new HealthCheckRequest(), cancellationToken: Cancel)).Status,
        seen => seen == status,
        $"the health is {status}");

    private void Break() => File.WriteAllText(Mark, "");

    private void Repair() => File.Delete(Mark);

    /// <summary>Starts a service whose programs have a defect while the file <see cref="Mark"/> exists.</summary>
    private async Task StartAsync(string? ffmpeg, string? ffprobe)
    {
        Dictionary<string, string> settings = new()
        {
            ["Video:Sandbox"] = "off",
            ["Video:SelfTestInterval"] = "00:00:00.0500000",
        };
        if (ffmpeg is not null)
        {
            settings["Video:FfmpegPath"] = Program("ffmpeg", ffmpeg);
        }

        if (ffprobe is not null)
        {
            settings["Video:FfprobePath"] = Program("ffprobe", ffprobe);
        }

        _service = new RunningService(settings);
        await _service.InitializeAsync();
        await Clips.MakeTestPictureAsync(Service.Videos.File("a.mp4"), frames: 5);
        await Clips.MakeTestPictureAsync(Service.Videos.File("b.mp4"), frames: 5);
    }

    /// <summary>The version is right also with the defect, so that the service starts.</summary>
    private string Program(string name, string defect) => FakeProgram.Make(
        _folder, $"[ \"$1\" = -version ] || [ ! -e {Mark} ] || {{ {defect}; }}\nexec {name} \"$@\"");
}
