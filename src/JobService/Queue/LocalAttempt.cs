namespace ForegSyte.Jobs.Queue;

/// <summary>An attempt that this process makes, from before its claim until nothing of it runs any more.</summary>
internal sealed class LocalAttempt : IAsyncDisposable
{
    private readonly LocalAttempts _all;
    private readonly CancellationTokenSource _source;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _isLost;
    private Task _cancelling = Task.CompletedTask;

    public LocalAttempt(LocalAttempts all, Guid jobId, Guid token, CancellationToken stopToken)
    {
        _all = all;
        _source = CancellationTokenSource.CreateLinkedTokenSource(stopToken);
        JobId = jobId;
        Token = token;
        Cancellation = _source.Token;
    }

    public Guid JobId { get; }

    /// <summary>The lease token that this attempt claims the job with.</summary>
    public Guid Token { get; }

    /// <summary>Whether the claim is known to be durable.</summary>
    public bool IsClaimed { get; set; }

    /// <summary>Whether the job is not this attempt's any more: cancelled, rescued, or its lease expired.</summary>
    public bool IsLost => Volatile.Read(ref _isLost) != 0;

    /// <summary>Cancelled when the service stops, or when the attempt is lost.</summary>
    public CancellationToken Cancellation { get; }

    /// <summary>Ends when nothing of the attempt runs any more.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Says that the job is not this attempt's any more and stops what runs for it, without waiting.</summary>
    public void Lose()
    {
        if (Interlocked.Exchange(ref _isLost, 1) == 0)
        {
            _cancelling = _source.CancelAsync();
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        _all.Remove(this);
        try
        {
            await _cancelling;
        }
        finally
        {
            _source.Dispose();
            _ended.SetResult();
        }
    }
}
