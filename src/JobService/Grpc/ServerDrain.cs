using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Stopping;
using ForegSyte.Jobs.Queue;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Grpc;

/// <summary>Drains the service for a caller, and tells how far that is.</summary>
internal sealed class ServerDrain(
    Drain drain, JobTracker board, PendingJobs pending, IOptions<StopOptions> stop, ILogger<ServerDrain> logger)
{
    /// <summary>Longest time that a drain may give running jobs.</summary>
    public const int MaxTimeoutHours = 24;

    private static readonly TimeSpan MaxTimeout = TimeSpan.FromHours(MaxTimeoutHours);

    /// <summary>Where the drain is.</summary>
    public DrainState State => drain.State;

    /// <summary>Begins a drain, or gives the one under way another time.</summary>
    /// <exception cref="ServiceException">INVALID_FIELD.</exception>
    public DrainServerResponse Begin(DrainServerRequest request)
    {
        var timeout = RequestChecks.Time("timeout", request.Timeout, stop.Value.GraceTime, MaxTimeout);
        drain.Begin(timeout, request.Stop);
        logger.LogInformation(
            "The service is drained: no jobs are begun, running ones have {Timeout}; it {Then}", timeout,
            request.Stop ? "stops then" : "goes on to answer calls");
        return new DrainServerResponse { Drain = Status() };
    }

    private DrainStatus Status()
    {
        var (beganAt, endsAt, stops) = drain.Plan;
        return new DrainStatus
        {
            State = drain.State,
            BeganAt = beganAt?.ToTimestamp(),
            EndsAt = endsAt?.ToTimestamp(),
            Stops = stops,
            RunningJobs = board.Running.Count(),
            PendingJobs = pending.Count,
        };
    }
}
