namespace ForegSyte.Jobs.Storage;

/// <summary>
/// A queued write. It either starts or is cancelled; once started, its caller learns the outcome after the commit,
/// since a failed commit is repeated.
/// </summary>
internal abstract class PendingWrite
{
    // Continuations run elsewhere: this thread has the next batch to commit.
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isTaken;

    public Task Completion => _completion.Task;

    /// <summary>The exception of the change itself, which fails only its own caller.</summary>
    protected Exception? Refusal { get; set; }

    public bool TryStart() => !Interlocked.Exchange(ref _isTaken, true);

    public void TryCancel(CancellationToken cancellationToken)
    {
        if (TryStart())
        {
            _completion.SetCanceled(cancellationToken);
        }
    }

    public void Complete()
    {
        if (Refusal is null)
        {
            _completion.TrySetResult();
        }
        else
        {
            Fail(Refusal);
        }
    }

    /// <summary>Answers the caller, unless it has its answer.</summary>
    public void Fail(Exception failure) => _completion.TrySetException(failure);
}

/// <summary>A queued change of a job.</summary>
internal sealed class JobChange(JobKey key, Action<CommitBatch> apply) : PendingWrite
{
    public JobKey Key => key;

    /// <summary>The ids that no other commit may change at the same time.</summary>
    public IEnumerable<Guid> Ids => key.RequestId is { } requestId ? [key.JobId, requestId] : [key.JobId];

    /// <summary>Makes the change in a batch; also again, in another batch, after a failed commit.</summary>
    public void Apply(CommitBatch batch)
    {
        Refusal = null;
        try
        {
            apply(batch);
        }
        catch (Exception refusal)
        {
            Refusal = refusal;
        }
    }
}
