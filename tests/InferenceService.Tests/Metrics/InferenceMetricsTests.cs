using System.Diagnostics.Metrics;
using ForegSyte.Inference.Grpc;
using ForegSyte.Inference.Metrics;
using ForegSyte.Inference.Tests.Grpc;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Inference.Tests.Metrics;

public sealed class InferenceMetricsTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RunPipeline_OneSegment_IsMeasuredByStage()
    {
        await using var service = new RunningService();
        await service.InitializeAsync();
        File.Copy(RepositoryFiles.Pedestrians, service.Videos.File("people.mp4"));
        var request = service.Ask("people.mp4");
        request.Range = new FrameRange { StartFrame = 0, EndFrame = 10 };
        request.FrameStride = 5;
        using var metrics = new RecordedMetrics<InferenceMetrics>(service.Services);

        // The listener starts after the warm-up has begun, whose runs belong to no stage.
        var response = await service.Client.RunPipelineAsync(request, cancellationToken: Cancel);

        Assert.Equal(2, response.Frames.Analyzed);
        Assert.Equal([2], metrics.Values("foregsyte.inference.frames", "outcome=analyzed"));
        Assert.Equal([8], metrics.Values("foregsyte.inference.frames", "outcome=skipped"));
        Assert.Empty(metrics.Values("foregsyte.inference.frames", "outcome=failed"));
        var compute = metrics.Values("foregsyte.inference.stage.compute_time", "stage=detect");
        Assert.NotEmpty(compute);
        Assert.All(compute, seconds => Assert.True(seconds > 0, $"A stage took {seconds} s."));
        Assert.NotEmpty(metrics.Values("foregsyte.inference.stage.queue_time", "stage=detect"));
        Assert.Single(metrics.Values("foregsyte.inference.segment.duration", "outcome=ok"));
        Assert.Equal([0], metrics.Values("foregsyte.inference.segment.queue_time"));
        var batches = metrics.Values("foregsyte.inference.batch.size", "model=nanodet_g_416_int8");
        Assert.InRange(batches.Sum(), 2, int.MaxValue);
    }

    [Fact]
    public async Task RunPipeline_FailedSegment_IsCountedAsFailed()
    {
        await using var service = new RunningService();
        await service.InitializeAsync();
        await File.WriteAllTextAsync(service.Videos.File("bad.mp4"), "no video", Cancel);
        using var metrics = new RecordedMetrics<InferenceMetrics>(service.Services);

        await RunningService.FailureOfAsync(
            service.Client.RunPipelineAsync(service.Ask("bad.mp4"), cancellationToken: Cancel));

        Assert.Single(metrics.Values("foregsyte.inference.segment.duration", "outcome=failed"));
        Assert.Empty(metrics.Values("foregsyte.inference.frames"));
    }

    [Fact]
    public async Task Collect_RunningAndQueuedSegments_AreCounted()
    {
        await using var service = new RunningService(new() { ["Grpc:MaxRunningSegments"] = "1" });
        await service.InitializeAsync();
        using var metrics = new RecordedMetrics<InferenceMetrics>(service.Services);
        var admission = service.Services.GetRequiredService<CallLimits>().Segments;
        using var running = await admission.EnterAsync("a", DateTime.MaxValue, Cancel);
        var waiting = admission.EnterAsync("b", DateTime.MaxValue, Cancel);

        metrics.Collect();

        Assert.Equal([1], metrics.Values("foregsyte.inference.segments.running"));
        Assert.Equal([1], metrics.Values("foregsyte.inference.segments.waiting"));
        running.Dispose();
        (await waiting).Dispose();
    }

    [Fact]
    public void ObserveDeviceMemory_UnknownValue_IsLeftOut()
    {
        using var metrics = new RecordedMetrics<InferenceMetrics>();
        (long, long)? memory = null;
        metrics.Metrics.ObserveDeviceMemory(() => memory);

        metrics.Collect();
        memory = (5, 80);
        metrics.Collect();

        Assert.Equal([5], metrics.Values("foregsyte.inference.device.memory.used"));
        Assert.Equal([80], metrics.Values("foregsyte.inference.device.memory.limit"));
    }

    [Fact]
    public void Record_WithAListener_AllocatesNothing()
    {
        using var services = new ServiceCollection().AddMetrics().AddSingleton<InferenceMetrics>()
            .BuildServiceProvider();
        var metrics = services.GetRequiredService<InferenceMetrics>();
        var factory = services.GetRequiredService<IMeterFactory>();
        using var listener = new MeterListener();
        var heard = 0;
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, factory))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<int>((_, _, _, _) => heard++);
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => heard++);
        listener.Start();
        Record();

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var round = 0; round < 1000; round++)
        {
            Record();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(3003, heard);

        void Record()
        {
            metrics.RecordStageQueue("detect", TimeSpan.FromMilliseconds(1));
            metrics.RecordStageCompute("detect", TimeSpan.FromMilliseconds(1));
            metrics.RecordBatch("model", 8);
        }
    }
}
