using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Health;
using ForegSyte.Jobs.Inference;
using ForegSyte.Protocol.Limits;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Claims jobs and runs them, up to <see cref="DispatchOptions.MaxConcurrentJobs"/> at a time, and further ones of
/// tenants that have none running, up to <see cref="DispatchOptions.ReservedJobs"/>. While the service drains, which a
/// stop begins too, it claims none: running jobs can finish within the drain's time, then they return to the queue.
/// </summary>
internal sealed class Dispatcher(
    IJobClaims claims,
    JobRunner runner,
    Drain drain,
    Readiness readiness,
    IOptions<DispatchOptions> options,
    TimeProvider time,
    ILogger<Dispatcher> logger) : BackgroundService
{
    private readonly int _workers = options.Value.MaxConcurrentJobs + options.Value.ReservedJobs;

    /// <summary>Prepares the claims before the service accepts calls.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await claims.StartAsync(cancellationToken);
        drain.AddWorkers(_workers);
        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        readiness.MarkReady();
        await Task.WhenAll(Enumerable.Range(0, _workers).Select(_ => WorkAsync(stoppingToken)));
    }

    private async Task WorkAsync(CancellationToken stoppingToken)
    {
        bool goesOn;
        do
        {
            using (var ending = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, drain.Began))
            {
                await ClaimAndRunAsync(ending.Token);
            }

            var ended = drain.WaitForEnd(out var isDrained);
            if (isDrained)
            {
                logger.LogInformation("Drained: no jobs are running and no new ones will start");
            }

            goesOn = await ended;
        }
        while (goesOn && !stoppingToken.IsCancellationRequested);
    }

    /// <summary>Claims jobs and runs them, one after the other, until a drain begins.</summary>
    private async Task ClaimAndRunAsync(CancellationToken endingToken)
    {
        while (!endingToken.IsCancellationRequested)
        {
            try
            {
                using var turn = await claims.NextAsync(endingToken);
                await runner.RunAsync(turn, drain.TimeOver);
            }
            catch (OperationCanceledException) when (endingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                // One job must not end the worker; the job is still in the database.
                logger.LogRetry(
                    exception, "Dispatcher could not run a job; retrying in {Delay}", options.Value.FaultDelay);
                await Task.Delay(options.Value.FaultDelay, time, endingToken)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}

/// <summary>How many jobs run at a time, and the dispatcher's waits. Section "Dispatch".</summary>
internal sealed class DispatchOptions
{
    public const string Section = "Dispatch";

    /// <summary>Maximum number of jobs that run at the same time.</summary>
    /// <value>1 to 256; 2 by default.</value>
    [Range(1, 256)]
    [Limit("jobs", "Jobs that run at the same time; others wait in the queue.")]
    public int MaxConcurrentJobs { get; set; } = 2;

    /// <summary>
    /// Maximum number of jobs beyond <see cref="MaxConcurrentJobs"/>, each of a tenant that has no other running job:
    /// long jobs of a tenant keep no other tenant waiting. Without authentication there is one tenant and no such job.
    /// </summary>
    /// <value>0 to 256; 16 by default.</value>
    [Range(0, 256)]
    [Limit(
        "jobs", "Jobs that run in addition, each of a tenant that has no other running job; further tenants wait.")]
    public int ReservedJobs { get; set; } = 16;

    /// <summary>Wait after an internal failure of a worker, such as a database that cannot be written.</summary>
    /// <value>10 ms to 1 minute; 1 s by default.</value>
    [TimeRange("00:00:00.010", "00:01:00")]
    public TimeSpan FaultDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a dequeued job waits for an InferenceService before it returns to the queue.</summary>
    /// <value>10 ms to 1 minute; 1 s by default.</value>
    [TimeRange("00:00:00.010", "00:01:00")]
    public TimeSpan ServingPatience { get; set; } = TimeSpan.FromSeconds(1);
}

/// <summary>Makes workers wait while no InferenceService serves, and remembers whether they wait.</summary>
internal sealed class InferenceAvailability(
    IInferenceClient inference, IOptions<DispatchOptions> options, TimeProvider time)
{
    private volatile bool _isUnavailable;

    /// <summary>Whether no InferenceService served when a worker last asked.</summary>
    public bool IsUnavailable => _isUnavailable;

    /// <summary>Waits, without a time limit, until an InferenceService serves.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        while (!await IsAvailableAsync(cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Whether an InferenceService serves within <see cref="DispatchOptions.ServingPatience"/>.</summary>
    public async Task<bool> IsAvailableAsync(CancellationToken cancellationToken)
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var serving = inference.WaitUntilServingAsync(giveUp.Token);
        try
        {
            await serving.WaitAsync(options.Value.ServingPatience, time, cancellationToken);
            _isUnavailable = false;
            return true;
        }
        catch (TimeoutException)
        {
            _isUnavailable = true;
            return false;
        }
        finally
        {
            await giveUp.CancelAsync();
            await serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
