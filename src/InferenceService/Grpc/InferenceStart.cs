using ForegSyte.Hosting.Health;
using ForegSyte.Inference.Pipelines;
using ForegSyte.Inference.Video;

namespace ForegSyte.Inference.Grpc;

/// <summary>
/// The work of the start. What is wrong with the installation (no ffmpeg, a bad pipeline, a missing model) refuses the
/// start; the models are then warmed while the service listens and answers NOT_SERVING.
/// </summary>
internal sealed class InferenceStart(
    DecoderChecks decoders,
    PipelineWarmUp warmUp,
    ServiceGauges gauges,
    Readiness readiness,
    IHostApplicationLifetime lifetime,
    ILogger<InferenceStart> logger) : BackgroundService, IAsyncDisposable
{
    /// <inheritdoc />
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await decoders.RunAsync(cancellationToken);
        gauges.Show();
        await base.StartAsync(cancellationToken);
    }

    /// <summary>
    /// Waits for the warm-up. Where the start fails (a port that is taken) the host disposes without stopping; a model
    /// that is disposed while it runs takes the process down with a segmentation fault, and with it the message.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        // Cancels the token of ExecuteAsync, which tells of its failures itself; it is a cancelled task where it was
        // ended before it began.
        Dispose();
        await (ExecuteTask ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await warmUp.RunAsync(stoppingToken);
            readiness.MarkReady();
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            logger.LogInformation("The service was stopped before its models were warm");
        }
        catch (Exception failure)
        {
            logger.LogCritical(failure, "The models cannot run; the service stops");
            Environment.ExitCode = 1;
            lifetime.StopApplication();
        }
    }
}
