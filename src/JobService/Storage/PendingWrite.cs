using DuckDB.NET.Data;

namespace ForegSyte.Jobs.Storage;

/// <summary>A change with its result. Begins or is cancelled, never both.</summary>
internal sealed class PendingWrite<T>(Func<DuckDBConnection, T> statements) : IPendingWrite
{
    // Continuations run elsewhere: the writer's turn ends when the commit does.
    private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _taken;

    /// <summary>Completes after the commit, or with what stopped it.</summary>
    public Task<T> Completion => _completion.Task;

    /// <summary>Cancels the change if it has not begun.</summary>
    public void TryCancel(CancellationToken cancellationToken)
    {
        if (Take())
        {
            _completion.SetCanceled(cancellationToken);
        }
    }

    /// <inheritdoc />
    public void Run(DuckDBConnection connection)
    {
        if (!Take())
        {
            return;
        }

        try
        {
            using var transaction = connection.BeginTransaction();
            var result = statements(connection);
            transaction.Commit();
            _completion.SetResult(result);
        }
        catch (Exception failure)
        {
            // The transaction was rolled back when it was disposed.
            _completion.SetException(failure);
        }
    }

    private bool Take() => Interlocked.Exchange(ref _taken, 1) == 0;
}
