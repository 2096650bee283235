using System.Globalization;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.ConcurrencyLimits;

/// <summary>
/// The calls that wait for their callers, and the memory that messages and answers take. Whoever sends or reads slowly
/// is ended first when there are too many of them: the quick ones need no place here for long.
/// </summary>
internal sealed class SlowCallEvictor(IOptions<CallOptions> options, TimeProvider time)
{
    /// <summary>A call that waits for less than this is not slow, however many there are.</summary>
    private static readonly TimeSpan SlowAfter = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly LinkedList<SlowCall> _calls = new();
    private long _messageBytes;

    /// <summary>Calls that wait for their callers.</summary>
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

    /// <summary>Bytes of messages that are in memory.</summary>
    public long MessageBytes => Interlocked.Read(ref _messageBytes);

    /// <summary>A call begins to wait for its caller.</summary>
    /// <param name="end">Ends the call, where it has to make room.</param>
    public SlowCall Begin(Action end)
    {
        var call = new SlowCall(this, time.GetTimestamp(), end);
        lock (_lock)
        {
            _calls.AddLast(call.Node);
            if (_calls.Count > options.Value.MaxSlow)
            {
                EndSlowest();
            }
        }

        return call;
    }

    /// <summary>A call waits no longer.</summary>
    public void Remove(SlowCall call)
    {
        lock (_lock)
        {
            call.Node.List?.Remove(call.Node);
        }
    }

    /// <summary>Takes memory for a message.</summary>
    /// <exception cref="Errors.ServiceException">TOO_MANY_CALLS.</exception>
    public void TakeMemory(long bytes)
    {
        if (Interlocked.Add(ref _messageBytes, bytes) > options.Value.MaxMessageBytes)
        {
            GiveMemory(bytes);
            lock (_lock)
            {
                EndSlowest();
            }

            throw ConcurrencyLimiter.TooManyCalls(
                $"{CallOptions.Section}:{nameof(CallOptions.MaxMessageBytes)}",
                options.Value.MaxMessageBytes.ToString(CultureInfo.InvariantCulture),
                "The messages of all calls together are as large as the service takes",
                options.Value.BusyRetryDelay);
        }
    }

    /// <summary>
    /// Takes memory for an answer, which is there already: where it is too much, the slowest call is ended.
    /// </summary>
    public void HoldAnswer(long bytes)
    {
        if (Interlocked.Add(ref _messageBytes, bytes) > options.Value.MaxMessageBytes)
        {
            lock (_lock)
            {
                EndSlowest();
            }
        }
    }

    /// <summary>Gives memory back.</summary>
    public void GiveMemory(long bytes) => Interlocked.Add(ref _messageBytes, -bytes);

    /// <summary>
    /// Ends the call that waits for the longest time, if that is long. Called with the lock held: a call that is
    /// removed is over, and what it stood for may be another call already.
    /// </summary>
    private void EndSlowest()
    {
        if (_calls.First?.Value is { } slowest && time.GetElapsedTime(slowest.StartedAt) >= SlowAfter)
        {
            _calls.RemoveFirst();
            slowest.End();
        }
    }
}
