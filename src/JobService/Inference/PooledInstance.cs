namespace ForegSyte.Jobs.Inference;

/// <summary>
/// An InferenceService of the pool with what the pool knows about it. The pool changes it under its lock.
/// </summary>
/// <param name="instance">The service.</param>
internal sealed class PooledInstance(IInferenceInstance instance) : IDisposable
{
    private CancellationTokenSource _lost = new();

    public IInferenceInstance Instance { get; } = instance;

    /// <summary>What the latest check said, or a call that failed since; null before the first check.</summary>
    public InstanceHealth? Health { get; private set; }

    /// <summary>Calls under way.</summary>
    public int UnderWay { get; set; }

    /// <summary>Cancelled when the service turns out to be lost: nothing more comes of calls made until then.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>Takes what a check said; true where it is news.</summary>
    /// <param name="health">What it said.</param>
    /// <param name="abandoned">What to cancel, where calls under way have to be given up.</param>
    public bool Change(InstanceHealth health, out CancellationTokenSource? abandoned)
    {
        abandoned = null;
        if (health == InstanceHealth.Lost && UnderWay > 0)
        {
            abandoned = _lost;
            _lost = new CancellationTokenSource();
        }

        var isNews = Health != health;
        Health = health;
        return isNews;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _lost.Dispose();
        (Instance as IDisposable)?.Dispose();
    }
}
