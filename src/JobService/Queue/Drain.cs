using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Stopping;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// The drain of this process, begun by DrainServer or by a stop: no new jobs start, and running jobs have a time to
/// finish, after which they return to the queue with their finished segments. The service still answers calls and
/// accepts jobs, which are durable and run after UndrainServer or in the next process. The drain of a stop cannot be
/// ended.
/// </summary>
internal sealed class Drain : IDisposable
{
    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly CancellationTokenSource _closing = new();
    private readonly CancellationTokenRegistration _graceOver;
    private CancellationTokenSource _began = new();
    private CancellationTokenSource _timeOver = new();
    private TaskCompletionSource<bool> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ITimer? _timer;

    /// <summary>Number of the latest timer: one that fires after its replacement does nothing.</summary>
    private int _timers;
    private DateTimeOffset? _beganAt;
    private DateTimeOffset? _endsAt;
    private bool _isTimeOver;
    private bool _stops;
    private bool _isStopping;
    private int _activeWorkers;
    private int _waitingWorkers;

    public Drain(GracefulShutdown stop, IHostApplicationLifetime lifetime, TimeProvider time)
    {
        (_time, _lifetime) = (time, lifetime);
        _graceOver = stop.GraceOver.Register(() => TimeOverSource().Cancel());
        Closing = _closing.Token;
    }

    /// <summary>Cancelled when no new jobs start. The end of a drain makes a new token.</summary>
    public CancellationToken Began
    {
        get
        {
            lock (_lock)
            {
                return _began.Token;
            }
        }
    }

    /// <summary>
    /// Cancelled when the time of running jobs is over: the drain's timeout, or the stop's grace time. The end of a
    /// drain whose time is over makes a new token.
    /// </summary>
    public CancellationToken TimeOver => TimeOverSource().Token;

    /// <summary>Cancelled when no job runs and the service is about to close its connections.</summary>
    public CancellationToken Closing { get; }

    public DrainState State
    {
        get
        {
            lock (_lock)
            {
                return _beganAt is null ? DrainState.NotDraining
                    : _activeWorkers == 0 ? DrainState.Drained
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
    /// <param name="thenStop">Whether the service stops when no job runs.</param>
    public void Begin(TimeSpan timeLimit, bool thenStop)
    {
        CancellationTokenSource began;
        bool stopsNow;
        lock (_lock)
        {
            var now = _time.GetUtcNow();
            _beganAt ??= now;
            _endsAt = now + timeLimit;
            _stops |= thenStop;
            _timer?.Dispose();
            _timer = _time.CreateTimer(
                number => OnTimer((int)number!), ++_timers, timeLimit, Timeout.InfiniteTimeSpan);
            began = _began;
            stopsNow = StopsNow();
        }

        began.Cancel();
        StopIf(stopsNow);
    }

    /// <summary>
    /// Ends the drain: the workers claim jobs again, and running jobs go on. Does nothing without a drain.
    /// </summary>
    /// <exception cref="ServiceException">SHUTTING_DOWN: the service is stopping.</exception>
    public void End()
    {
        TaskCompletionSource<bool> ended;
        lock (_lock)
        {
            if (_isStopping || _lifetime.ApplicationStopping.IsCancellationRequested)
            {
                throw GracefulShutdown.ToException();
            }

            if (_beganAt is null)
            {
                return;
            }

            (_beganAt, _endsAt, _stops) = (null, null, false);
            _timer?.Dispose();
            _timers++;
            _began = new CancellationTokenSource();

            // Jobs that still run keep the token, so that the next drain reaches them too.
            if (_isTimeOver)
            {
                (_timeOver, _isTimeOver) = (new CancellationTokenSource(), false);
            }

            (_activeWorkers, _waitingWorkers) = (_activeWorkers + _waitingWorkers, 0);
            (ended, _ended) = (_ended, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        ended.SetResult(true);
    }

    /// <summary>Begins the drain of a stop; running jobs have the stop's grace time.</summary>
    public void BeginStop()
    {
        CancellationTokenSource began;
        TaskCompletionSource<bool> ended;
        lock (_lock)
        {
            _beganAt ??= _time.GetUtcNow();
            (_stops, _isStopping) = (true, true);
            (began, ended) = (_began, _ended);
        }

        began.Cancel();
        ended.TrySetResult(false);
    }

    /// <summary>Counts workers that claim and run jobs. Call it before the service accepts calls.</summary>
    public void AddWorkers(int count)
    {
        lock (_lock)
        {
            _activeWorkers += count;
        }
    }

    /// <summary>
    /// A worker claims and runs no job: waits for the end of the drain. Returns false if the service stops.
    /// </summary>
    /// <param name="isDrained">Whether this was the last worker.</param>
    public Task<bool> WaitForEnd(out bool isDrained)
    {
        bool stopsNow;
        Task<bool> ended;
        lock (_lock)
        {
            if (_beganAt is null)
            {
                isDrained = false;
                return Task.FromResult(true);
            }

            _activeWorkers--;
            _waitingWorkers++;
            isDrained = _activeWorkers == 0;
            stopsNow = StopsNow();
            ended = _ended.Task;
        }

        StopIf(stopsNow);
        return ended;
    }

    /// <summary>Ends long polls, because the connections are about to close.</summary>
    public void Close() => _closing.Cancel();

    /// <inheritdoc />
    public void Dispose()
    {
        _graceOver.Dispose();
        _timer?.Dispose();
        _timeOver.Dispose();
        _began.Dispose();
        _closing.Dispose();
    }

    private CancellationTokenSource TimeOverSource()
    {
        lock (_lock)
        {
            return _timeOver;
        }
    }

    private void OnTimer(int number)
    {
        CancellationTokenSource timeOver;
        lock (_lock)
        {
            if (number != _timers)
            {
                return;
            }

            timeOver = _timeOver;
            _isTimeOver = true;
        }

        timeOver.Cancel();
    }

    /// <summary>Whether the service stops now; from then on the drain cannot be ended.</summary>
    private bool StopsNow()
    {
        var stopsNow = _stops && _activeWorkers == 0 && !_isStopping;
        _isStopping |= stopsNow;
        return stopsNow;
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
