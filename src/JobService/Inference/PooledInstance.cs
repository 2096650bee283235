using ForegSyte.V1;

namespace ForegSyte.Jobs.Inference;

/// <summary>The pool's state of an instance, guarded by the pool's lock.</summary>
internal sealed class PooledInstance(IInferenceInstance instance) : IDisposable
{
    /// <summary>How often an instance that serves is asked for its pipelines and its device.</summary>
    private static readonly TimeSpan LearnInterval = TimeSpan.FromSeconds(10);

    private CancellationTokenSource _lost = new();

    /// <summary>When it was last asked for its pipelines and its device; null while it does not serve.</summary>
    private long? _learnedAt;

    public IInferenceInstance Instance { get; } = instance;

    /// <summary>The result of the latest check, or of a later failed call; null before the first check.</summary>
    public InstanceHealth? Health { get; private set; }

    public int CallsInFlight { get; set; }

    /// <summary>The device that runs its models; null if it has not told it.</summary>
    public Device? Device { get; private set; }

    /// <summary>Whether it gets no new calls, because its address is gone.</summary>
    public bool IsRetired { get; set; }

    /// <summary>
    /// Until when others are used first, because it could not read a stored video; null after it could.
    /// </summary>
    public long? UnreadableUntil { get; set; }

    /// <summary>Cancelled when the instance is lost; calls that begin later get a new token.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>Sets the health; true if it changed.</summary>
    /// <param name="health">The new health.</param>
    /// <param name="abandoned">
    /// The source that cancels the calls in flight of a lost instance; null for none.
    /// </param>
    public bool SetHealth(InstanceHealth health, out CancellationTokenSource? abandoned)
    {
        abandoned = null;
        if (health == InstanceHealth.Lost && CallsInFlight > 0)
        {
            abandoned = _lost;
            _lost = new CancellationTokenSource();
        }

        var isChanged = Health != health;
        Health = health;
        return isChanged;
    }

    /// <summary>
    /// Asks it for its pipelines and its device: when it begins to serve, and again from time to time, because it can
    /// restart between two checks. Only its checks call this. True if the known pipelines changed.
    /// </summary>
    /// <exception cref="InferenceFailedException">It does not answer.</exception>
    public async Task<bool> LearnAsync(
        InstanceHealth health, PipelineDirectory pipelines, TimeProvider time, CancellationToken cancellationToken)
    {
        if (health != InstanceHealth.Serving)
        {
            pipelines.SetAside(Instance.Address);
            _learnedAt = null;
            return false;
        }

        if (_learnedAt is { } before && time.GetElapsedTime(before) < LearnInterval)
        {
            return false;
        }

        _learnedAt = time.GetTimestamp();
        var isChanged = pipelines.Learn(Instance.Address, await Instance.ListPipelinesAsync(cancellationToken));
        Device = await Instance.GetDeviceAsync(cancellationToken);
        return isChanged;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _lost.Dispose();
        (Instance as IDisposable)?.Dispose();
    }
}
