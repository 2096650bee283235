using ForegSyte.Hosting.Stopping;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// The drain of this process, begun by DrainServer or by a stop: no new jobs start, and running jobs have a time to
/// finish, after which they return to the queue with their finished segments. The service still answers calls and
/// accepts jobs, which are durable and run in the next process. A drain cannot be undone.
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

    /// <summary>Cancelled when no new jobs start.</summary>
    public CancellationToken Began { get; }

    /// <summary>
    /// Cancelled when the time of running jobs is over: the drain's timeout, or the stop's grace time.
    /// </summary>
    public CancellationToken TimeOver { get; }

    /// <summary>Cancelled when no job runs and the service is about to close its connections.</summary>
    public CancellationToken Closing { get; }

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

    /// <summary>
    /// When the drain began, when running jobs return to the queue, and whether the service stops then.
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

    /// <summary>Begins a drain, or changes the timeout of the current one.</summary>
    /// <param name="timeLimit">How long running jobs can continue from now.</param>
    /// <param name="thenStop">Whether the service stops when no job runs; cannot be taken back.</param>
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

    /// <summary>Begins the drain of a stop; running jobs have the stop's grace time.</summary>
    public void BeginStop()
    {
        lock (_lock)
        {
            _beganAt ??= _time.GetUtcNow();
            _stops = true;
        }

        _began.Cancel();
    }

    /// <summary>Ends the drain: no job runs and no new one will start.</summary>
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

    /// <summary>Ends long polls, because the connections are about to close.</summary>
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

/// <summary>
/// Drains between the stop signal and the closing of connections: while running jobs use their grace time, the service
/// answers calls, so that callers notice only the moment between two processes.
/// </summary>
internal sealed class StopAfterDrain(Drain drain, Dispatcher dispatcher, IHostApplicationLifetime lifetime)
    : IHostedLifecycleService
{
    /// <inheritdoc />
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        // Begins the grace time if the host stops without a signal.
        lifetime.StopApplication();
        drain.BeginStop();
        if (dispatcher.ExecuteTask is { } dispatching)
        {
            await dispatching.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        drain.Close();
    }

    /// <inheritdoc />
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
