using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.ConcurrencyLimits;

/// <summary>
/// Limits the calls that wait for their callers to send or read, and the memory of messages. At a limit it evicts the
/// slowest call, so that slow callers cannot keep fast ones out.
/// </summary>
internal sealed class SlowCallEvictor(IOptions<CallOptions> options, TimeProvider time)
{
    /// <summary>A call that waits for less than this is never evicted.</summary>
    private static readonly TimeSpan SlowAfter = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly LinkedList<SlowCall> _calls = new();
    private long _messageBytes;

    /// <summary>Number of calls that wait for their callers.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _calls.Count;
            }
        }
    }

    /// <summary>Memory of messages in bytes.</summary>
    public long MessageBytes => Interlocked.Read(ref _messageBytes);

    /// <summary>Tracks a call from the time it starts to wait for its caller until the result is disposed.</summary>
    /// <param name="evict">Ends the call.</param>
    public SlowCall Track(Action evict)
    {
        var call = new SlowCall(this, time.GetTimestamp(), evict);
        lock (_lock)
        {
            _calls.AddLast(call.Node);
            if (_calls.Count > options.Value.MaxSlow)
            {
                EvictSlowest();
            }
        }

        return call;
    }

    /// <summary>Stops tracking a call.</summary>
    public void Remove(SlowCall call)
    {
        lock (_lock)
        {
            call.Node.List?.Remove(call.Node);
        }
    }

    /// <summary>Reserves memory for a request message.</summary>
    /// <exception cref="Errors.ServiceException">TOO_MANY_CALLS.</exception>
    public void ReserveMemory(long bytes)
    {
        if (Interlocked.Add(ref _messageBytes, bytes) <= options.Value.MaxMessageBytes)
        {
            return;
        }

        ReleaseMemory(bytes);
        lock (_lock)
        {
            EvictSlowest();
        }

        throw TooManyCalls.Error(
            nameof(CallOptions.MaxMessageBytes), options.Value.MaxMessageBytes, options.Value.BusyRetryDelay,
            "The messages of all calls together exceed the memory limit");
    }

    /// <summary>Counts the memory of a response, which exists already; evicts the slowest call at the limit.</summary>
    public void AddResponseMemory(long bytes)
    {
        if (Interlocked.Add(ref _messageBytes, bytes) > options.Value.MaxMessageBytes)
        {
            lock (_lock)
            {
                EvictSlowest();
            }
        }
    }

    /// <summary>Releases memory.</summary>
    public void ReleaseMemory(long bytes) => Interlocked.Add(ref _messageBytes, -bytes);

    /// <summary>
    /// Evicts the call that has waited longest, if it is slow. Requires the lock: a call that is no longer in the list
    /// has ended, and its connection may already serve another one.
    /// </summary>
    private void EvictSlowest()
    {
        if (_calls.First?.Value is { } slowest && time.GetElapsedTime(slowest.StartedAt) >= SlowAfter)
        {
            _calls.RemoveFirst();
            slowest.Evict();
        }
    }
}

/// <summary>A call that waits for its caller. Disposing it ends the wait.</summary>
internal sealed class SlowCall : IDisposable
{
    private readonly SlowCallEvictor _owner;

    public SlowCall(SlowCallEvictor owner, long startedAt, Action evict)
    {
        _owner = owner;
        StartedAt = startedAt;
        Evict = evict;
        Node = new LinkedListNode<SlowCall>(this);
    }

    /// <summary>Timestamp of the start of the wait.</summary>
    public long StartedAt { get; }

    /// <summary>Ends the call. Must be fast, because it runs inside the evictor's lock.</summary>
    public Action Evict { get; }

    /// <summary>Node in the list of waiting calls; in no list after the wait.</summary>
    public LinkedListNode<SlowCall> Node { get; }

    /// <inheritdoc />
    public void Dispose() => _owner.Remove(this);
}

/// <summary>The memory of a call's request message and response, released when it is disposed.</summary>
internal sealed class CallMemory(HttpContext context, SlowCallEvictor evictor) : IDisposable
{
    /// <summary>Kestrel buffers this much of a response without waiting for the reader.</summary>
    private const int BufferedResponseBytes = 64 * 1024;

    private long _bytes;

    /// <summary>Reserves memory for the received part of the request message.</summary>
    /// <exception cref="Errors.ServiceException">TOO_MANY_CALLS.</exception>
    public void SetRequestBytes(long messageBytes)
    {
        evictor.ReserveMemory(messageBytes - _bytes);
        _bytes = messageBytes;
    }

    /// <summary>
    /// Waits until the reader has received a large response, except for its last part. gRPC itself does not wait: the
    /// responses of unary calls would stay in memory, in any number, after the calls have ended.
    /// </summary>
    public async Task FlushResponseAsync()
    {
        var writer = context.Response.BodyWriter;
        var responseBytes = writer.CanGetUnflushedBytes ? writer.UnflushedBytes : 0;
        if (responseBytes <= BufferedResponseBytes)
        {
            return;
        }

        evictor.AddResponseMemory(responseBytes);
        _bytes += responseBytes;
        using var slowCall = evictor.Track(context.Abort);
        await writer.FlushAsync(context.RequestAborted);
    }

    /// <inheritdoc />
    public void Dispose() => evictor.ReleaseMemory(Interlocked.Exchange(ref _bytes, 0));
}
