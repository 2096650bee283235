namespace ForegSyte.Jobs.Fetching;

/// <summary>Gives up on a server that is silent for too long.</summary>
internal sealed class IdleTimeout : IDisposable
{
    private readonly TimeSpan _limit;
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _silence;
    private readonly CancellationTokenSource _either;

    public IdleTimeout(TimeSpan limit, TimeProvider time, CancellationToken caller)
    {
        _limit = limit;
        _caller = caller;
        _silence = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(caller, _silence.Token);
    }

    /// <summary>Waits for one thing of the server.</summary>
    /// <exception cref="TransferBrokenException">It did not come in time.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async Task<T> OfAsync<T>(Func<CancellationToken, Task<T>> wait)
    {
        _silence.CancelAfter(_limit);
        try
        {
            return await wait(_either.Token);
        }
        catch (OperationCanceledException failure) when (!_caller.IsCancellationRequested)
        {
            // The silence, or SocketsHttpHandler's own limit for a connection.
            throw new TransferBrokenException("it was silent for too long", failure);
        }
        finally
        {
            _silence.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _either.Dispose();
        _silence.Dispose();
    }
}
