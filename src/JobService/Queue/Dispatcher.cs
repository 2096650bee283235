using System.Collections.Concurrent;
using ForegSyte.Hosting.Health;
using ForegSyte.Hosting.Stopping;
using ForegSyte.Jobs.Inference;
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
    IInferenceClient inference,
    JobRunner runner,
    GracefulStop stop,
    Readiness readiness,
    IOptions<DispatchOptions> options,
    TimeProvider time,
    ILogger<Dispatcher> logger) : BackgroundService
{
    private readonly ConcurrentDictionary<Task, bool> _waits = new();

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
        var workers = Enumerable.Range(0, options.Value.MaxConcurrentJobs).Select(_ => WorkAsync(stoppingToken));
        await Task.WhenAll(workers);
        await Task.WhenAll(_waits.Keys);
    }

    private async Task WorkAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await inference.WaitUntilServingAsync(stoppingToken);
                var jobId = await queue.DequeueAsync(stoppingToken);
                await RunAsync(jobId, stoppingToken);
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
            await inference.WaitUntilServingAsync(stoppingToken);
            if (await runner.RunAsync(jobId, stop.GraceOver) is { } delay)
            {
                EnqueueLater(jobId, delay, stoppingToken);
            }
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // The claim itself failed, for example on a full disk: the job is pending still and must not be forgotten.
            EnqueueLater(jobId, options.Value.FaultDelay, stoppingToken);
            throw;
        }
    }

    private void EnqueueLater(Guid jobId, TimeSpan delay, CancellationToken stoppingToken)
    {
        var wait = WaitAndEnqueueAsync(jobId, delay, stoppingToken);
        _waits.TryAdd(wait, true);
        _ = wait.ContinueWith(ended => _waits.TryRemove(ended, out _), TaskScheduler.Default);
    }

    private async Task WaitAndEnqueueAsync(Guid jobId, TimeSpan delay, CancellationToken stoppingToken)
    {
        try
        {
            await Task.Delay(delay, time, stoppingToken);
            await queue.EnqueueAsync(jobId, stoppingToken);
        }
        catch (OperationCanceledException)
        {
            // The service stops; the next start finds the job in the database.
        }
    }
}
