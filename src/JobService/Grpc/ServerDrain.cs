using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Stopping;
using ForegSyte.Jobs.Queue;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Grpc;

/// <summary>Starts and ends a drain on behalf of a caller and reports its state.</summary>
internal sealed class ServerDrain(
    Drain drain, JobTracker tracker, IJobClaims claims, IOptions<StopOptions> stop, ILogger<ServerDrain> logger)
{
    /// <summary>Maximum timeout of a drain.</summary>
    public const int MaxTimeoutHours = 24;

    private static readonly TimeSpan MaxTimeout = TimeSpan.FromHours(MaxTimeoutHours);

    /// <summary>The state of the drain.</summary>
    public DrainState State => drain.State;

    /// <summary>Starts a drain, or changes the timeout of the current one.</summary>
    /// <exception cref="ServiceException">INVALID_FIELD.</exception>
    public async Task<DrainServerResponse> BeginAsync(
        DrainServerRequest request, CancellationToken cancellationToken)
    {
        var timeout = RequestChecks.Time("timeout", request.Timeout, stop.Value.GraceTime, MaxTimeout);
        drain.Begin(timeout, request.ExitWhenDrained);
        logger.LogInformation(
            "Drain started: no new jobs start, running jobs have {Timeout}; the service then {Next}", timeout,
            request.ExitWhenDrained ? "stops" : "keeps answering calls");
        return new DrainServerResponse { Drain = await StatusAsync(cancellationToken) };
    }

    /// <summary>Ends the drain, if there is one; waiting jobs start at once.</summary>
    /// <exception cref="ServiceException">SHUTTING_DOWN: the service is stopping.</exception>
    public async Task<UndrainServerResponse> EndAsync(CancellationToken cancellationToken)
    {
        drain.End();
        logger.LogInformation("Drain ended: jobs start again");
        return new UndrainServerResponse { Drain = await StatusAsync(cancellationToken) };
    }

    private async Task<DrainStatus> StatusAsync(CancellationToken cancellationToken)
    {
        var counts = await claims.CountAsync(tenant: null, cancellationToken);
        var (beganAt, endsAt, stops) = drain.Plan;
        return new DrainStatus
        {
            State = drain.State,
            StartedAt = beganAt?.ToTimestamp(),
            EndsAt = endsAt?.ToTimestamp(),
            ExitsWhenDrained = stops,
            RunningJobs = tracker.Running.Count(),
            PendingJobs = counts.Pending,
        };
    }
}
