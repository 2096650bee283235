using ForegSyte.Hosting.Stopping;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Whether this process still begins jobs. A drain ends that, before a stop or by DrainServer: jobs that run have a
/// time to finish and are handed back after it, with their finished segments. Calls are answered all the while and new
/// jobs accepted: they are durable, so that the next process can run them. There is no way back but a start.
/// </summary>
internal sealed class Drain : IDisposable
{
    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly CancellationTokenSource _began = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly CancellationTokenSource _timeOver;
    private readonly CancellationTokenRegistration _graceOver;
    private DateTimeOffset? _beganAt;
    private DateTimeOffset? _endsAt;
    private bool _stops;
    private bool _isDrained;

    public Drain(GracefulShutdown stop, IHostApplicationLifetime lifetime, TimeProvider time)
    {
        (_time, _lifetime) = (time, lifetime);
        _timeOver = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _graceOver = stop.GraceOver.Register(_timeOver.Cancel);
        (Began, TimeOver, Closing) = (_began.Token, _timeOver.Token, _closing.Token);
    }

    /// <summary>Cancelled when no more jobs are begun.</summary>
    public CancellationToken Began { get; }

    /// <summary>Cancelled when the time of running jobs is over, that of the drain or of a stop.</summary>
    public CancellationToken TimeOver { get; }

    /// <summary>Cancelled when nothing runs any more and the service is about to close its connections.</summary>
    public CancellationToken Closing { get; }

    /// <summary>Where the drain is.</summary>
    public DrainState State
    {
        get
        {
            lock (_lock)
            {
                return _isDrained ? DrainState.Drained
                    : _beganAt is null ? DrainState.NotDraining
                    : DrainState.Draining;
            }
        }
    }

    /// <summary>When the drain began, when it hands back what runs then, and whether the service stops after it.
    /// </summary>
    public (DateTimeOffset? BeganAt, DateTimeOffset? EndsAt, bool Stops) Plan
    {
        get
        {
            lock (_lock)
            {
                return (_beganAt, _endsAt, _stops);
            }
        }
    }

    /// <summary>Begins a drain, or gives the one under way another time.</summary>
    /// <param name="timeLimit">How long running jobs may go on from now.</param>
    /// <param name="thenStop">Whether the service stops when nothing runs; once asked for, that stays.</param>
    public void Begin(TimeSpan timeLimit, bool thenStop)
    {
        bool stopsNow;
        lock (_lock)
        {
            var now = _time.GetUtcNow();
            _beganAt ??= now;
            _endsAt = now + timeLimit;
            _stops |= thenStop;
            stopsNow = _isDrained && _stops;
        }

        _began.Cancel();
        _timeOver.CancelAfter(timeLimit);
        StopIf(stopsNow);
    }

    /// <summary>Ends the beginning of jobs because the service stops: the grace time of the stop is theirs.</summary>
    public void BeginStop()
    {
        lock (_lock)
        {
            _beganAt ??= _time.GetUtcNow();
            _stops = true;
        }

        _began.Cancel();
    }

    /// <summary>Says that nothing runs any more and nothing will.</summary>
    public void MarkDrained()
    {
        bool stopsNow;
        lock (_lock)
        {
            _isDrained = true;
            stopsNow = _stops;
        }

        StopIf(stopsNow);
    }

    /// <summary>Ends the calls that only wait: the connections are about to be closed.</summary>
    public void Close() => _closing.Cancel();

    /// <inheritdoc />
    public void Dispose()
    {
        _graceOver.Dispose();
        _timeOver.Dispose();
        _began.Dispose();
        _closing.Dispose();
    }

    private void StopIf(bool stopsNow)
    {
        if (stopsNow)
        {
            _lifetime.StopApplication();
        }
    }
}
