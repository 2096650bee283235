namespace ForegSyte.Jobs.Storage.Commits;

/// <summary>A change of one job with its result.</summary>
internal abstract class JobChange<T> : PendingWrite<T>, IJobChange
{
    /// <inheritdoc />
    public abstract Guid JobId { get; }

    /// <inheritdoc />
    public virtual Guid? RequestId => null;

    /// <inheritdoc />
    public virtual bool NeedsRecord => true;

    /// <inheritdoc />
    public void Decide(CommitBatch round)
    {
        try
        {
            Outcome(Apply(round), refusal: null);
        }
        catch (Exception refusal)
        {
            Outcome(default, refusal);
        }
    }

    /// <summary>
    /// Makes the change in the round. What it throws reaches the caller and leaves the round as it was.
    /// </summary>
    protected abstract T Apply(CommitBatch round);
}
