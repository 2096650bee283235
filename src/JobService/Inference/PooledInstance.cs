namespace ForegSyte.Jobs.Inference;

/// <summary>The pool's state of an instance, guarded by the pool's lock.</summary>
internal sealed class PooledInstance(IInferenceInstance instance) : IDisposable
{
    private CancellationTokenSource _lost = new();

    public IInferenceInstance Instance { get; } = instance;

    /// <summary>The result of the latest check, or of a later failed call; null before the first check.</summary>
    public InstanceHealth? Health { get; private set; }

    public int CallsInFlight { get; set; }

    /// <summary>
    /// When it was last asked for its pipelines; null before, and while it does not serve. Only its checks use this.
    /// </summary>
    public long? LearnedAt { get; set; }

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

    /// <inheritdoc />
    public void Dispose()
    {
        _lost.Dispose();
        (Instance as IDisposable)?.Dispose();
    }
}
