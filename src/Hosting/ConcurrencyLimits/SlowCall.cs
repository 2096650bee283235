namespace ForegSyte.Hosting.ConcurrencyLimits;

/// <summary>A call that waits for its caller, who sends or reads. Disposing it says that the wait is over.</summary>
internal sealed class SlowCall : IDisposable
{
    private readonly SlowCallEvictor _owner;

    public SlowCall(SlowCallEvictor owner, long startedAt, Action end)
    {
        _owner = owner;
        StartedAt = startedAt;
        End = end;
        Node = new LinkedListNode<SlowCall>(this);
    }

    /// <summary>When the wait began, a timestamp of the clock.</summary>
    public long StartedAt { get; }

    /// <summary>Ends the call. Quick: it runs inside the lock of <see cref="SlowCallEvictor"/>.</summary>
    public Action End { get; }

    /// <summary>Its place among the others; in no list once it is over.</summary>
    public LinkedListNode<SlowCall> Node { get; }

    /// <inheritdoc />
    public void Dispose() => _owner.Remove(this);
}
