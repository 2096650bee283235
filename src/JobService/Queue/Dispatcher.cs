using ForegSyte.Hosting.Health;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Takes ids from the queue and has their jobs run, as many at a time as the options allow. While no InferenceService
/// serves, jobs stay pending: waiting costs no attempt. A drain, also that of a stop, ends the taking; running jobs may
/// finish within its time and are handed back to the queue after it.
/// </summary>
internal sealed class Dispatcher(
    JobRecovery recovery,
    IJobQueue queue,
    PendingJobs pending,
    InferenceAvailability gate,
    JobRunner runner,
    Drain drain,
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
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        readiness.MarkReady();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, drain.Began);
        await Task.WhenAll(
            Enumerable.Range(0, options.Value.MaxConcurrentJobs).Select(_ => WorkAsync(ending.Token)));
        logger.LogInformation("No job runs here any more, and none is begun");
        drain.MarkDrained();
    }

    private async Task WorkAsync(CancellationToken endingToken)
    {
        while (!endingToken.IsCancellationRequested)
        {
            try
            {
                await gate.WaitAsync(endingToken);
                await RunAsync(await queue.DequeueAsync(endingToken), endingToken);
            }
            catch (OperationCanceledException) when (endingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                // One job must not take the worker with it; the job is still in the database.
                logger.LogError(exception, "A worker failed");
                await Task.Delay(options.Value.FaultDelay, time, endingToken)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task RunAsync(Guid jobId, CancellationToken endingToken)
    {
        try
        {
            // The service may have been lost while this worker waited for a job.
            if (await gate.TryPassAsync(endingToken))
            {
                await runner.RunAsync(jobId, drain.TimeOver);
            }
        }
        finally
        {
            // A job that was not claimed, since nothing serves or the disk is full, is pending still.
            pending.Return(jobId);
        }
    }
}
