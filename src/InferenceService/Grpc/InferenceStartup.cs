using ForegSyte.Hosting.Health;
using ForegSyte.Inference.Metrics;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Pipelines;
using ForegSyte.Inference.Video;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Grpc;

/// <summary>
/// Checks the installation before the service listens (no ffmpeg, a bad pipeline or a missing model stops the start),
/// then tests the decoder and warms the models while the service answers NOT_SERVING.
/// </summary>
internal sealed class InferenceStartup(
    DecoderStartupCheck decoders,
    DecoderSelfTest selfTest,
    PipelineWarmUp warmUp,
    InferenceMetrics metrics,
    CallLimits calls,
    InferenceDevice device,
    IOptions<DeviceOptions> deviceOptions,
    Readiness readiness,
    IHostApplicationLifetime lifetime,
    ILogger<InferenceStartup> logger) : BackgroundService, IAsyncDisposable
{
    /// <inheritdoc />
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await decoders.RunAsync(cancellationToken);
        AddGauges();
        await base.StartAsync(cancellationToken);
    }

    /// <summary>
    /// Waits for the warm-up. If the start fails (a port in use), the host disposes without stopping. Disposing a model
    /// that runs would crash the process with a segmentation fault before it prints its message.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        // Cancels the token of ExecuteAsync, which logs its own failures.
        Dispose();
        await (ExecuteTask ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await selfTest.CheckAsync(stoppingToken);
            await warmUp.RunAsync(stoppingToken);
            readiness.MarkReady();
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            logger.LogInformation("Warm-up cancelled: the service stops");
        }
        catch (Exception failure)
        {
            logger.LogCritical(failure, "Warm-up failed: the models cannot run, and the service stops");
            Environment.ExitCode = 1;
            lifetime.StopApplication();
        }
    }

    private void AddGauges()
    {
        metrics.ObserveSegments(() => calls.Segments.Running, () => calls.Segments.Waiting);
        if (device.Provider != ExecutionProvider.Cpu && GpuMemory.Open(deviceOptions.Value.DeviceIndex) is { } memory)
        {
            metrics.ObserveDeviceMemory(memory.Read);
        }
    }
}
