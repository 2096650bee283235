using System.Globalization;
using ForegSyte.Hosting.Health;
using ForegSyte.Inference.Grpc;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.V1;
using ForegSyte.Inference.Video;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Rpc;
using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Inference.Tests.Grpc;

/// <summary>What the service does at its limits, while it starts and while it stops.</summary>
public sealed class ServiceLimitsTests(LongVideo longVideo) : IClassFixture<LongVideo>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Reaches(ErrorReason.InferenceBusy)]
    public async Task RunPipeline_OneTooMany_IsBusyUntilASlotIsFree()
    {
        await using var service = await StartAsync(
            new() { ["Grpc:MaxRunningSegments"] = "1", ["Grpc:MaxWaitingSegments"] = "0" });
        await Clips.MakeTestPictureAsync(service.Videos.File("a.mp4"), frames: 2);
        var slot = await EnterAsync(service, "other");

        var (reason, failure) = await RunningService.FailureOfAsync(
            service.Client.RunPipelineAsync(service.Ask("a.mp4"), cancellationToken: Cancel));

        Assert.Equal((ErrorReason.InferenceBusy, StatusCode.ResourceExhausted), (reason, failure.StatusCode));
        Assert.Equal(1, failure.GetRpcStatus()!.GetDetail<RetryInfo>()!.RetryDelay.Seconds);

        slot.Dispose();
        var response = await service.Client.RunPipelineAsync(service.Ask("a.mp4"), cancellationToken: Cancel);
        Assert.Equal(2, response.Frames.Analyzed);
    }

    [Fact]
    public async Task RunPipeline_BusyService_CallsWaitAndJobsTakeTurns()
    {
        await using var service = await StartAsync(new() { ["Grpc:MaxRunningSegments"] = "1" });
        await Clips.MakeTestPictureAsync(service.Videos.File("a.mp4"), frames: 2);
        var admission = service.Services.GetRequiredService<CallLimits>().Segments;
        var slot = await EnterAsync(service, "other");
        var ended = new List<string>();
        var calls = new List<Task>();
        foreach (var job in (string[])["a", "a", "a", "b"])
        {
            var request = service.Ask("a.mp4");
            request.JobId = job;
            calls.Add(RunAsync(request));
            await Wait.UntilAsync(() => admission.Waiting == calls.Count, "the call waits");
        }

        slot.Dispose();
        await Task.WhenAll(calls);

        Assert.Equal(["a", "b", "a", "a"], ended);
        Assert.Equal((0, 0), (admission.Running, admission.Waiting));

        async Task RunAsync(RunPipelineRequest request)
        {
            var response = await service.Client.RunPipelineAsync(request, cancellationToken: Cancel);
            Assert.Equal(2, response.Frames.Analyzed);
            lock (ended)
            {
                ended.Add(request.JobId);
            }
        }
    }

    [Fact]
    public async Task GetServerInfo_LimitThatTheMachineCannotEnforce_IsOff()
    {
        await using var service = await StartAsync([]);
        service.Services.GetRequiredService<DecoderTools>().Apply(wrapper: null, ["-hwaccel", "cuda"]);

        var response = await service.Client.GetServerInfoAsync(new(), cancellationToken: Cancel);

        var limit = response.ServerInfo.Limits.Single(known => known.Option == "Video:ProcessMemoryMebibytes");
        Assert.Equal(("off", "", "default"), (limit.Value, limit.Unit, limit.Source));
    }

    [Fact]
    public async Task RunPipeline_DeadlinePassesWhileItWaits_IsDroppedBeforeAnyWork()
    {
        await using var service = await StartAsync(new() { ["Grpc:MaxRunningSegments"] = "1" });
        var path = CopyLongVideo(service);
        var admission = service.Services.GetRequiredService<CallLimits>().Segments;
        using var slot = await EnterAsync(service, "other");

        using var call = service.Client.RunPipelineAsync(
            service.Ask("long.mp4"),
            deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(2),
            cancellationToken: Cancel);
        await Wait.UntilAsync(() => admission.Waiting == 1, "the call waits");
        var failure = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);

        Assert.Equal(StatusCode.DeadlineExceeded, failure.StatusCode);
        await Wait.UntilAsync(() => admission.Waiting == 0, "the call leaves the queue");
        Assert.Equal(1, admission.Running);
        Assert.Empty(ChildProcesses.UsingFile(path));
    }

    [Fact]
    [Reaches(ErrorReason.ShuttingDown)]
    public async Task RunPipeline_ServiceStopsWhileItWaits_IsShuttingDownAtOnce()
    {
        await using var service = await StartAsync(new() { ["Grpc:MaxRunningSegments"] = "1" });
        await Clips.MakeTestPictureAsync(service.Videos.File("a.mp4"), frames: 2);
        var admission = service.Services.GetRequiredService<CallLimits>().Segments;
        using var slot = await EnterAsync(service, "other");
        using var call = service.Client.RunPipelineAsync(service.Ask("a.mp4"), cancellationToken: Cancel);
        await Wait.UntilAsync(() => admission.Waiting == 1, "the call waits");

        var stopping = service.StopAsync();
        var (reason, _) = await RunningService.FailureOfAsync(call);
        await stopping;

        Assert.Equal(ErrorReason.ShuttingDown, reason);
    }

    [Fact]
    [Reaches(ErrorReason.DeadlineExceeded)]
    public async Task RunPipeline_SegmentPastItsTime_NamesTheOptionAndLeavesNoDecoder()
    {
        await using var service = await StartAsync(new() { ["Grpc:SegmentTimeLimit"] = "00:00:00.3" });
        var path = CopyLongVideo(service);

        var (reason, failure) = await RunningService.FailureOfAsync(
            service.Client.RunPipelineAsync(service.Ask("long.mp4"), cancellationToken: Cancel));

        Assert.Equal((ErrorReason.DeadlineExceeded, StatusCode.DeadlineExceeded), (reason, failure.StatusCode));
        var metadata = failure.GetRpcStatus()!.GetDetail<ErrorInfo>()!.Metadata;
        Assert.Equal(("Grpc:SegmentTimeLimit", "300ms"), (metadata["option"], metadata["limit"]));
        Assert.Empty(ChildProcesses.UsingFile(path));
    }

    [Fact]
    public async Task RunPipeline_FailedCalls_GiveTheirSlotsBack()
    {
        await using var service = await StartAsync(new() { ["Grpc:MaxRunningSegments"] = "1" });

        for (var call = 0; call < 3; call++)
        {
            await File.WriteAllTextAsync(service.Videos.File("bad.mp4"), "no video", Cancel);
            var (reason, _) = await RunningService.FailureOfAsync(
                service.Client.RunPipelineAsync(service.Ask("bad.mp4"), cancellationToken: Cancel));
            Assert.Equal(ErrorReason.NotAnMp4, reason);
        }
    }

    [Fact]
    [Reaches(ErrorReason.ResultsTooLarge)]
    public async Task RunPipeline_ResultsPastTheLimit_SaysHowManyFramesFit()
    {
        await using var service = await StartAsync(new() { ["Grpc:MaxResponseBytes"] = "1100" });
        await Clips.MakeTestPictureAsync(service.Videos.File("a.mp4"), frames: 30);

        var (reason, failure) = await RunningService.FailureOfAsync(
            service.Client.RunPipelineAsync(service.Ask("a.mp4"), cancellationToken: Cancel));

        Assert.Equal((ErrorReason.ResultsTooLarge, StatusCode.ResourceExhausted), (reason, failure.StatusCode));
        Assert.Equal("1100", failure.GetRpcStatus()!.GetDetail<ErrorInfo>()!.Metadata["limit"]);
        Assert.Empty(ChildProcesses.UsingFile(service.Videos.File("a.mp4")));
    }

    /// <summary>The observations count: a message past the limit could not be received.</summary>
    [Fact]
    public async Task RunPipeline_WithinTheLimit_HasNoMoreBytesThanTheLimit()
    {
        const int limit = 20_000;
        await using var service = await StartAsync(new() { ["Grpc:MaxResponseBytes"] = $"{limit}" });
        File.Copy(RepositoryFiles.Pedestrians, service.Videos.File("a.mp4"));
        var (_, failure) = await RunningService.FailureOfAsync(
            service.Client.RunPipelineAsync(service.Ask("a.mp4"), cancellationToken: Cancel));
        var fit = int.Parse(
            failure.GetRpcStatus()!.GetDetail<ErrorInfo>()!.Metadata["framesThatFit"], CultureInfo.InvariantCulture);
        var request = service.Ask("a.mp4");
        request.Range = new() { EndFrame = fit };

        var response = await service.Client.RunPipelineAsync(request, cancellationToken: Cancel);

        Assert.Equal(fit, response.Observations.Count);
        Assert.InRange(response.CalculateSize(), limit * 3 / 4, limit);
    }

    [Fact]
    [Reaches(ErrorReason.VideoLimitExceeded)]
    public async Task RunPipeline_FrameTooLarge_NamesTheLimit()
    {
        await using var service = await StartAsync(new() { ["Video:MaxFrameSidePixels"] = "100" });
        await Clips.MakeTestPictureAsync(service.Videos.File("a.mp4"), frames: 2);

        var (reason, _) = await RunningService.FailureOfAsync(
            service.Client.RunPipelineAsync(service.Ask("a.mp4"), cancellationToken: Cancel));

        Assert.Equal(ErrorReason.VideoLimitExceeded, reason);
    }

    [Fact]
    public async Task RunPipeline_BeforeTheModelsAreWarm_IsUnavailableAndHealthSaysSo()
    {
        await using var service = new RunningService([], isWarm: false);
        await service.InitializeAsync();
        var readiness = service.Services.GetRequiredService<Readiness>();
        var health = new Health.HealthClient(service.Channel!);
        var contract = new HealthCheckRequest { Service = "foregsyte.inference.v1.InferenceService" };

        // The warm-up itself ends this state: it is over when Watch says SERVING.
        using var watch = health.Watch(contract, cancellationToken: Cancel);
        while (await watch.ResponseStream.MoveNext(Cancel)
            && watch.ResponseStream.Current.Status != HealthCheckResponse.Types.ServingStatus.Serving)
        {
            Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, watch.ResponseStream.Current.Status);
        }

        Assert.True(readiness.IsReady, "Health says SERVING before the service is ready.");
        Assert.Equal(
            HealthCheckResponse.Types.ServingStatus.Serving,
            (await health.CheckAsync(contract, cancellationToken: Cancel)).Status);
        Assert.Equal(
            HealthCheckResponse.Types.ServingStatus.Serving,
            (await health.CheckAsync(new HealthCheckRequest(), cancellationToken: Cancel)).Status);
    }

    [Fact]
    public async Task Start_PortIsTaken_FailsWithoutTakingTheProcessDown()
    {
        await using var first = await StartAsync([]);
        var port = new Uri(first.Channel!.Target.Contains("://", StringComparison.Ordinal)
            ? first.Channel.Target
            : "http://" + first.Channel.Target).Port;
        await using var second = new RunningService(
            new() { ["Listen:Port"] = port.ToString(System.Globalization.CultureInfo.InvariantCulture) },
            isWarm: false);

        await Assert.ThrowsAsync<IOException>(async () => await second.InitializeAsync());

        // The models are warming up at this moment.
        await second.DropAsync();
    }

    [Fact]
    public async Task RunPipeline_CancelledByTheCaller_LeavesNoDecoder()
    {
        await using var service = await StartAsync([]);
        var path = CopyLongVideo(service);
        using var cancel = new CancellationTokenSource();
        using var call = service.Client.RunPipelineAsync(service.Ask("long.mp4"), cancellationToken: cancel.Token);
        await Wait.UntilAsync(() => ChildProcesses.UsingFile(path).Length > 0, "the decoder runs");

        await cancel.CancelAsync();

        var failure = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);
        Assert.Equal(StatusCode.Cancelled, failure.StatusCode);
        await Wait.UntilAsync(() => ChildProcesses.UsingFile(path).Length == 0, "the decoder has ended");
    }

    [Theory]
    [InlineData("detect_only", "nanodet_g")]
    [InlineData("ocr_only", "ppocr_v4_detection")]
    public async Task RunPipeline_CancelledInsideAModel_EndsModelDecoderAndCall(string pipeline, string model)
    {
        // The warm-up runs the models too, so it must be over.
        await using var service = new RunningService([], isWarm: false);
        await service.InitializeAsync();
        var readiness = service.Services.GetRequiredService<Readiness>();
        await Wait.UntilAsync(() => readiness.IsReady, "the warm-up ends");
        var path = service.Videos.File("long.mp4");
        File.Copy(RepositoryFiles.Pedestrians, path);
        var slots = service.Services.GetRequiredService<CallLimits>().Segments;
        var session = service.Services.GetRequiredService<ModelSessions>().Get(model);
        using var cancel = new CancellationTokenSource();
        using var call =
            service.Client.RunPipelineAsync(service.Ask("long.mp4", pipeline), cancellationToken: cancel.Token);
        await Wait.UntilAsync(() => slots.Running > 0 && session.Running > 0, $"{model} runs");

        var cancelled = TimeProvider.System.GetTimestamp();
        await cancel.CancelAsync();
        await Wait.UntilAsync(() => slots.Running == 0, "the slot is free");

        TestContext.Current.SendDiagnosticMessage(
            $"{pipeline}: the call ended {TimeProvider.System.GetElapsedTime(cancelled)} after it was cancelled.");
        Assert.Equal(0, session.Running);
        Assert.Empty(ChildProcesses.UsingFile(path));
        Assert.Equal(
            StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync)).StatusCode);
    }

    [Fact]
    public async Task RunPipeline_PastItsDeadline_LeavesNoDecoder()
    {
        await using var service = await StartAsync([]);
        var path = CopyLongVideo(service);

        var failure = await Assert.ThrowsAsync<RpcException>(() => service.Client.RunPipelineAsync(
            service.Ask("long.mp4"),
            deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddMilliseconds(400),
            cancellationToken: Cancel).ResponseAsync);

        Assert.Equal(StatusCode.DeadlineExceeded, failure.StatusCode);
        await Wait.UntilAsync(() => ChildProcesses.UsingFile(path).Length == 0, "the decoder has ended");
    }

    [Fact]
    public async Task RunPipeline_ServiceStopsAndGraceIsOver_IsShuttingDown()
    {
        await using var service = await StartAsync(new() { ["Stop:GraceTime"] = "00:00:00" });
        var path = CopyLongVideo(service);
        using var call = service.Client.RunPipelineAsync(service.Ask("long.mp4"), cancellationToken: Cancel);
        await Wait.UntilAsync(() => ChildProcesses.UsingFile(path).Length > 0, "the decoder runs");

        var stopping = service.StopAsync();
        var (reason, failure) = await RunningService.FailureOfAsync(call);
        await stopping;

        Assert.Equal((ErrorReason.ShuttingDown, StatusCode.Unavailable), (reason, failure.StatusCode));
        Assert.Empty(ChildProcesses.UsingFile(path));
    }

    [Fact]
    public async Task RunPipeline_ServiceStopsWithinItsGrace_IsFinished()
    {
        await using var service = await StartAsync(new() { ["Stop:GraceTime"] = "00:10:00" });
        var path = CopyLongVideo(service);
        var request = service.Ask("long.mp4");
        request.Range = new FrameRange { EndFrame = 60 };
        using var call = service.Client.RunPipelineAsync(request, cancellationToken: Cancel);
        await Wait.UntilAsync(() => ChildProcesses.UsingFile(path).Length > 0, "the decoder runs");

        var stopping = service.StopAsync();
        var response = await call;
        await stopping;

        Assert.Equal(60, response.Frames.Analyzed);
    }

    private static async Task<RunningService> StartAsync(Dictionary<string, string> settings)
    {
        var service = new RunningService(settings);
        await service.InitializeAsync();
        return service;
    }

    /// <summary>Takes a slot, as a call of another job would.</summary>
    private static Task<IDisposable> EnterAsync(RunningService service, string job) =>
        service.Services.GetRequiredService<CallLimits>().Segments.EnterAsync(job, DateTime.MaxValue, Cancel);

    private string CopyLongVideo(RunningService service)
    {
        var path = service.Videos.File("long.mp4");
        File.Copy(longVideo.Path, path);
        return path;
    }
}

/// <summary>A video that takes long to decode, made once.</summary>
public sealed class LongVideo : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    internal string Path => _folder.File("long.mp4");

    /// <inheritdoc />
    public async ValueTask InitializeAsync() =>
        await Clips.MakeTestPictureAsync(Path, width: 640, height: 480, frames: 600);

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
