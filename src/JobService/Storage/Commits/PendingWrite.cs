namespace ForegSyte.Jobs.Storage.Commits;

/// <summary>A write with its result.</summary>
internal abstract class PendingWrite<T> : IPendingWrite
{
    // Continuations run elsewhere: the writer's turn ends with its round.
    private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Exception? _refusal;
    private T? _result;
    private int _taken;

    /// <summary>Completes after the commit, or with what stopped the write.</summary>
    public Task<T> Completion => _completion.Task;

    /// <inheritdoc />
    public bool TryBegin() => Interlocked.Exchange(ref _taken, 1) == 0;

    /// <summary>Cancels the write if it has not begun.</summary>
    public void TryCancel(CancellationToken cancellationToken)
    {
        if (TryBegin())
        {
            _completion.SetCanceled(cancellationToken);
        }
    }

    /// <inheritdoc />
    public void Complete()
    {
        if (_refusal is null)
        {
            _completion.SetResult(_result!);
        }
        else
        {
            _completion.SetException(_refusal);
        }
    }

    /// <inheritdoc />
    public void Fail(Exception failure) => _completion.SetException(failure);

    /// <summary>Notes the outcome, in the place of one that was noted before.</summary>
    private protected void Outcome(T? result, Exception? refusal) => (_result, _refusal) = (result, refusal);
}
