using ForegSyte.Inference.V1;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;
using Microsoft.Extensions.Options;
using GetFrameRequest = ForegSyte.Inference.V1.GetFrameRequest;
using GetFrameResponse = ForegSyte.Inference.V1.GetFrameResponse;

namespace ForegSyte.Jobs.Inference;

/// <summary>
/// The pool of InferenceServices. It checks the health of each in a loop and sends each call to the instance that
/// <see cref="LeastRequestsPolicy"/> chooses. An instance that does not answer a health check gets no new calls; its
/// calls in flight are cancelled and repeated once at another instance.
/// </summary>
internal sealed class InferencePool(
    IEnumerable<IInferenceInstance> instances,
    PipelineDirectory pipelines,
    IOptions<InferenceOptions> options,
    TimeProvider time,
    ILogger<InferencePool> logger) : BackgroundService, IInferenceClient
{
    private readonly Lock _lock = new();
    private readonly List<Task> _checks = [];

    /// <summary>The instances that get calls; replaced as a whole: an index stays valid within the lock.</summary>
    private PooledInstance[] _pool = [.. instances.Select(instance => new PooledInstance(instance))];

    /// <summary>Ends the health checks; null before the start.</summary>
    private CancellationToken? _stoppingToken;

    private TaskCompletionSource _changed = NewSignal();

    /// <summary>Whether the log has the warning that no InferenceService serves; it appears once per outage.</summary>
    private bool _isOutageLogged;

    /// <inheritdoc />
    public int KnownCount => Volatile.Read(ref _pool).Length;

    /// <inheritdoc />
    public int ServingCount
    {
        get
        {
            lock (_lock)
            {
                return _pool.Count(pooled => pooled.Health == InstanceHealth.Serving);
            }
        }
    }

    /// <inheritdoc />
    public IReadOnlyList<Device> Devices
    {
        get
        {
            lock (_lock)
            {
                return [.. _pool.Where(pooled => pooled.Health == InstanceHealth.Serving)
                    .Select(pooled => pooled.Device).OfType<Device>()];
            }
        }
    }

    /// <inheritdoc />
    public async Task WaitUntilServingAsync(CancellationToken cancellationToken)
    {
        while (NextChangeUnlessServing(out var isChecked) is { } change)
        {
            if (isChecked && !Interlocked.Exchange(ref _isOutageLogged, true))
            {
                logger.LogWarning(
                    "Jobs wait: no InferenceService is serving at {Addresses}",
                    string.Join(", ", Volatile.Read(ref _pool).Select(pooled => pooled.Instance.Address)
                        .DefaultIfEmpty(options.Value.Addresses.FirstOrDefault())));
            }

            await change.WaitAsync(cancellationToken);
        }

        Interlocked.Exchange(ref _isOutageLogged, false);
    }

    /// <inheritdoc />
    public Task<ProbeVideoResponse> ProbeAsync(ProbeVideoRequest request, CancellationToken cancellationToken) =>
        CallAsync((instance, token) => instance.ProbeAsync(request, token), cancellationToken);

    /// <inheritdoc />
    public Task<GetFrameResponse> GetFrameAsync(GetFrameRequest request, CancellationToken cancellationToken) =>
        CallAsync((instance, token) => instance.GetFrameAsync(request, token), cancellationToken);

    /// <inheritdoc />
    public Task<AnnotateVideoResponse> AnnotateAsync(
        AnnotateVideoRequest request, CancellationToken cancellationToken) =>
        CallAsync((instance, token) => instance.AnnotateAsync(request, token), cancellationToken);

    /// <inheritdoc />
    public Task<RunPipelineResponse> RunAsync(
        RunPipelineRequest request, Action<Uri> onInstance, CancellationToken cancellationToken) =>
        CallAsync(
            (instance, token) =>
            {
                onInstance(instance.Address);
                return instance.RunAsync(request, token);
            },
            cancellationToken,
            request.PipelineId);

    /// <summary>
    /// Makes the pool have exactly the instances at these addresses. An instance that is not among them gets no new
    /// calls, and is closed when its last call has ended.
    /// </summary>
    /// <param name="addresses">The addresses.</param>
    /// <param name="open">Opens an instance at an address that the pool does not have.</param>
    public void SetAddresses(
        IReadOnlyCollection<InferenceAddress> addresses, Func<InferenceAddress, IInferenceInstance> open)
    {
        lock (_lock)
        {
            var wanted = addresses.Select(address => address.Address).ToHashSet();
            var known = _pool.Select(pooled => pooled.Instance.Address).ToHashSet();
            foreach (var gone in _pool.Where(pooled => !wanted.Contains(pooled.Instance.Address)))
            {
                gone.IsRetired = true;
                logger.LogInformation("InferenceService at {Address} left", gone.Instance.Address);
            }

            var added = addresses.Where(address => !known.Contains(address.Address))
                .Select(address => new PooledInstance(open(address))).ToList();
            _pool = [.. _pool.Where(pooled => !pooled.IsRetired), .. added];
            added.ForEach(CheckLocked);
        }
    }

    /// <inheritdoc />
    public override void Dispose()
    {
        base.Dispose();
        foreach (var pooled in _pool)
        {
            pooled.Dispose();
        }
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        lock (_lock)
        {
            _stoppingToken = stoppingToken;
            Array.ForEach(_pool, CheckLocked);
        }

        await Task.Delay(Timeout.InfiniteTimeSpan, time, stoppingToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Task[] checks;
        lock (_lock)
        {
            checks = [.. _checks];
        }

        await Task.WhenAll(checks);
    }

    /// <summary>Begins the health checks of an instance, if the pool has started.</summary>
    private void CheckLocked(PooledInstance pooled)
    {
        if (_stoppingToken is { } stoppingToken)
        {
            _checks.RemoveAll(check => check.IsCompleted);
            _checks.Add(Task.Run(() => CheckHealthAsync(pooled, stoppingToken), CancellationToken.None));
        }
    }

    private async Task CheckHealthAsync(PooledInstance pooled, CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            if (IsFinished(pooled))
            {
                pipelines.Forget(pooled.Instance.Address);
                pooled.Dispose();
                return;
            }

            try
            {
                var health = await pooled.Instance.CheckAsync(stoppingToken);
                await SetHealthAsync(pooled, health);
                await LearnAsync(pooled, health, stoppingToken);
                await Task.Delay(options.Value.HealthInterval, time, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task LearnAsync(PooledInstance pooled, InstanceHealth health, CancellationToken cancellationToken)
    {
        try
        {
            if (await pooled.LearnAsync(health, pipelines, time, cancellationToken))
            {
                logger.LogInformation(
                    "Pipelines changed with the InferenceService at {Address}: {Pipelines}",
                    pooled.Instance.Address, string.Join(", ", pipelines.All.Select(pipeline => pipeline.Id)));
            }
        }
        catch (InferenceFailedException failed)
        {
            logger.LogWarning(
                "InferenceService at {Address} did not describe itself ({Reason}); the versions and labels of its "
                + "pipelines, or its device, are not known",
                pooled.Instance.Address, failed.Failure.Reason.ToText());
        }
    }

    /// <summary>
    /// Calls an instance, and once more another one if the first, or its decoder, was lost. One that is not set up
    /// right, or lacks the pipeline, fails before it works on the video, so then every other one is tried.
    /// </summary>
    private async Task<T> CallAsync<T>(
        Func<IInferenceInstance, CancellationToken, Task<T>> call, CancellationToken cancellationToken,
        string? pipelineId = null)
    {
        var tried = new List<PooledInstance>();
        InferenceFailedException? reported = null;
        var wasLost = false;
        var next = Acquire(tried, pipelineId);
        while (next is { } current)
        {
            tried.Add(current);
            try
            {
                return await CallAsync(current, call, cancellationToken);
            }
            catch (InferenceFailedException failed)
            {
                var reason = failed.Failure.Reason;

                // A job that ends its InferenceService must not count as one whose video cannot be had.
                reported = reported is null || reported.SaysLittle ? failed : reported;
                var isSetup = InferenceFailures.IsFailureOfSetup(reason);
                var isRepeated = isSetup || (InferenceFailures.IsFailureOfInstance(reason) && !wasLost);
                wasLost |= !isSetup;
                next = isRepeated ? Acquire(tried, pipelineId) : null;
                if (next is not null && !InferenceFailures.IsWithoutVideo(reason))
                {
                    logger.LogWarning(
                        "Call to {First} failed ({Reason}); repeating it at {Second}",
                        current.Instance.Address, reason.ToText(), next.Instance.Address);
                }
            }
        }

        throw reported ?? new InferenceFailedException(InferenceFailures.NoneServes);
    }

    /// <summary>Calls an acquired instance and releases it.</summary>
    private async Task<T> CallAsync<T>(
        PooledInstance pooled, Func<IInferenceInstance, CancellationToken, Task<T>> call,
        CancellationToken cancellationToken)
    {
        CancellationToken lost;
        lock (_lock)
        {
            lost = pooled.Lost;
        }

        try
        {
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lost);
            var response = await call(pooled.Instance, ending.Token);
            SetVideoFault(pooled, null);
            return response;
        }
        catch (OperationCanceledException cancelled) when (!cancellationToken.IsCancellationRequested)
        {
            throw new InferenceFailedException(InferenceFailures.Lost, cancelled);
        }
        catch (InferenceFailedException failed) when (InferenceFailures.IsUnavailable(failed.Failure.Reason))
        {
            // Without calls in flight it would be the first choice from now on. The next check restores it.
            await SetHealthAsync(pooled, InstanceHealth.NotServing);
            throw;
        }
        catch (InferenceFailedException failed) when (InferenceFailures.IsWithoutVideo(failed.Failure.Reason))
        {
            SetVideoFault(pooled, failed.Failure.Reason);
            throw;
        }
        finally
        {
            lock (_lock)
            {
                pooled.CallsInFlight--;
            }
        }
    }

    private bool IsFinished(PooledInstance pooled)
    {
        lock (_lock)
        {
            return pooled is { IsRetired: true, CallsInFlight: 0 };
        }
    }

    /// <summary>Chooses an instance among those that have the pipeline; among all if none has it.</summary>
    private PooledInstance? Acquire(IReadOnlyCollection<PooledInstance> except, string? pipelineId)
    {
        var lacking = Volatile.Read(ref _pool)
            .Where(pooled => pipelineId is not null && pipelines.Lacks(pooled.Instance.Address, pipelineId)).ToList();
        return Acquire(lacking.Count == KnownCount ? except : [.. except, .. lacking]);
    }

    private PooledInstance? Acquire(IReadOnlyCollection<PooledInstance> except)
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            var loads = Array.ConvertAll(
                _pool,
                pooled => new InstanceLoad(pooled.Health, pooled.CallsInFlight, pooled.UnreadableUntil > now));
            var excluded = except.Select(each => Array.IndexOf(_pool, each)).ToList();
            if (LeastRequestsPolicy.Pick(loads, excluded) is not { } index)
            {
                return null;
            }

            _pool[index].CallsInFlight++;
            return _pool[index];
        }
    }

    /// <summary>Records why an instance could not read a stored video; null if it could. Logs only changes.</summary>
    private void SetVideoFault(PooledInstance pooled, ErrorReason? fault)
    {
        bool isChanged;
        lock (_lock)
        {
            isChanged = (pooled.UnreadableUntil is null) != (fault is null);
            pooled.UnreadableUntil = fault is null
                ? null
                : time.GetTimestamp()
                    + (long)(options.Value.UnreadableRetryDelay.TotalSeconds * time.TimestampFrequency);
        }

        if (isChanged && fault is null)
        {
            logger.LogInformation(
                "InferenceService at {Address} reads the stored videos again", pooled.Instance.Address);
        }
        else if (isChanged)
        {
            logger.LogWarning(
                "InferenceService at {Address} cannot read the stored videos ({Reason}); others are used first",
                pooled.Instance.Address, fault?.ToText());
        }
    }

    private async Task SetHealthAsync(PooledInstance pooled, InstanceHealth health)
    {
        CancellationTokenSource? abandoned;
        lock (_lock)
        {
            if (pooled.SetHealth(health, out abandoned))
            {
                logger.LogInformation("InferenceService at {Address} is {Health}", pooled.Instance.Address, health);
                _changed.TrySetResult();
                _changed = NewSignal();
            }
        }

        if (abandoned is not null)
        {
            logger.LogWarning(
                "InferenceService at {Address} does not answer; its calls are cancelled", pooled.Instance.Address);
            await abandoned.CancelAsync();
            abandoned.Dispose();
        }
    }

    /// <summary>The next change of any health; null if an instance serves.</summary>
    private Task? NextChangeUnlessServing(out bool isChecked)
    {
        lock (_lock)
        {
            isChecked = _pool.All(pooled => pooled.Health is not null);
            return _pool.Any(pooled => pooled.Health == InstanceHealth.Serving) ? null : _changed.Task;
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
