using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Inference;

/// <summary>
/// The InferenceServices of this JobService. Each is asked for its health again and again; a segment goes to the one
/// that serves with the fewest calls under way. One that does not answer a check gets no new segments, and its calls
/// under way are given up and tried elsewhere.
/// </summary>
internal sealed class InferencePool(
    IEnumerable<IInferenceInstance> instances,
    IOptions<InferenceOptions> options,
    TimeProvider time,
    ILogger<InferencePool> logger) : BackgroundService, IInferenceClient
{
    private readonly Lock _lock = new();
    private readonly PooledInstance[] _pool = [.. instances.Select(instance => new PooledInstance(instance))];
    private TaskCompletionSource _changed = NewSignal();

    /// <summary>Whether it was told that no InferenceService serves; said once, however many workers wait.</summary>
    private bool _isMissing;

    /// <inheritdoc />
    public int KnownCount => _pool.Length;

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
    public async Task WaitUntilServingAsync(CancellationToken cancellationToken)
    {
        while (NextChangeUnlessServing(out var isKnown) is { } change)
        {
            if (isKnown && !Interlocked.Exchange(ref _isMissing, true))
            {
                logger.LogWarning("Jobs wait: no InferenceService serves at {Addresses}", Addresses());
            }

            await change.WaitAsync(cancellationToken);
        }

        Interlocked.Exchange(ref _isMissing, false);
    }

    /// <inheritdoc />
    public Task<ProbeVideoResponse> ProbeAsync(Uri video, CancellationToken cancellationToken) =>
        CallAsync((instance, token) => instance.ProbeAsync(video, token), cancellationToken);

    /// <inheritdoc />
    public Task<RunPipelineResponse> RunAsync(
        RunPipelineRequest request, Action<Uri> placed, CancellationToken cancellationToken) =>
        CallAsync(
            (instance, token) =>
            {
                placed(instance.Address);
                return instance.RunAsync(request, token);
            },
            cancellationToken);

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
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(_pool.Select(pooled => WatchAsync(pooled, stoppingToken)));

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task WatchAsync(PooledInstance pooled, CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ChangeAsync(pooled, await pooled.Instance.CheckAsync(stoppingToken));
                await Task.Delay(options.Value.HealthInterval, time, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>Calls one service, and another one where the first, or its decoder, was lost.</summary>
    private async Task<T> CallAsync<T>(
        Func<IInferenceInstance, CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        var first = Take(except: null) ?? throw new InferenceFailedException(InferenceFailures.NoneServes);
        try
        {
            return await CallAsync(first, call, cancellationToken);
        }
        catch (InferenceFailedException failed) when (IsOfTheInstance(failed) && Take(except: first) is { } second)
        {
            logger.LogWarning(
                "{First} failed with {Reason}; the call is tried once more at {Second}",
                first.Instance.Address, failed.Failure.Reason, second.Instance.Address);
            return await CallAsync(second, call, cancellationToken);
        }
    }

    /// <summary>Calls a service that was taken, and gives it back.</summary>
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
            return await call(pooled.Instance, ending.Token);
        }
        catch (OperationCanceledException given) when (!cancellationToken.IsCancellationRequested)
        {
            throw new InferenceFailedException(InferenceFailures.Lost, given);
        }
        catch (InferenceFailedException failed) when (failed.Failure.Reason == ErrorReason.InferenceUnavailable)
        {
            // It would have the fewest calls under way from now on. The next check says whether it is back.
            await ChangeAsync(pooled, InstanceHealth.NotServing);
            throw;
        }
        finally
        {
            lock (_lock)
            {
                pooled.UnderWay--;
            }
        }
    }

    private static bool IsOfTheInstance(InferenceFailedException failed) => failed.Failure.Reason
        is ErrorReason.InferenceUnavailable or ErrorReason.DecoderLost or ErrorReason.ShuttingDown;

    private PooledInstance? Take(PooledInstance? except)
    {
        lock (_lock)
        {
            var chosen = _pool
                .Where(pooled => pooled != except && pooled.Health == InstanceHealth.Serving)
                .MinBy(pooled => pooled.UnderWay);
            if (chosen is not null)
            {
                chosen.UnderWay++;
            }

            return chosen;
        }
    }

    private async Task ChangeAsync(PooledInstance pooled, InstanceHealth health)
    {
        CancellationTokenSource? abandoned;
        lock (_lock)
        {
            if (pooled.Change(health, out abandoned))
            {
                logger.LogInformation(
                    "The InferenceService at {Address} is {Health}", pooled.Instance.Address, health);
                _changed.TrySetResult();
                _changed = NewSignal();
            }
        }

        if (abandoned is not null)
        {
            logger.LogWarning(
                "The InferenceService at {Address} does not answer; its calls are given up", pooled.Instance.Address);
            await abandoned.CancelAsync();
            abandoned.Dispose();
        }
    }

    private Task? NextChangeUnlessServing(out bool isKnown)
    {
        lock (_lock)
        {
            isKnown = _pool.All(pooled => pooled.Health is not null);
            return _pool.Any(pooled => pooled.Health == InstanceHealth.Serving) ? null : _changed.Task;
        }
    }

    private string Addresses() => string.Join(", ", _pool.Select(pooled => pooled.Instance.Address));
}
