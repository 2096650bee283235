using ForegSyte.Hosting.Health;
using ForegSyte.Hosting.Stopping;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Takes ids from the queue and has their jobs run, as many at a time as the options allow. While no InferenceService
/// serves, jobs stay pending: waiting costs no attempt. When the service stops, running jobs may finish within the
/// grace time and are handed back to the queue after it.
/// </summary>
internal sealed class Dispatcher(
    JobRecovery recovery,
    IJobQueue queue,
    PendingJobs pending,
    ServingGate gate,
    JobRunner runner,
    GracefulStop stop,
    Readiness readiness,
    IOptions<DispatchOptions> options,
    TimeProvider time,
    ILogger<Dispatcher> logger) : BackgroundService
{
    /// <summary>Returns when the jobs of the run before are queued: nothing is served earlier.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await recovery.RunAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc />
    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        readiness.MarkReady();
        return Task.WhenAll(
            Enumerable.Range(0, options.Value.MaxConcurrentJobs).Select(_ => WorkAsync(stoppingToken)));
    }

    private async Task WorkAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await gate.WaitAsync(stoppingToken);
                await RunAsync(await queue.DequeueAsync(stoppingToken), stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                // One job must not take the worker with it; the job is still in the database.
                logger.LogError(exception, "A worker failed");
                await Task.Delay(options.Value.FaultDelay, time, stoppingToken)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task RunAsync(Guid jobId, CancellationToken stoppingToken)
    {
        try
        {
            // The service may have been lost while this worker waited for a job.
            if (await gate.TryPassAsync(stoppingToken))
            {
                await runner.RunAsync(jobId, stop.GraceOver);
            }
        }
        finally
        {
            // A job that was not claimed, since nothing serves or the disk is full, is pending still.
            pending.Return(jobId);
        }
    }
}
