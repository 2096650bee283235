using Microsoft.AspNetCore.Http;

namespace ForegSyte.Hosting.Calls;

/// <summary>
/// What of a call is on the wire: its message arrives, then it is worked on, then its answer leaves. A feature of the
/// call.
/// </summary>
internal sealed class CallTransfer(HttpContext context, SlowCalls slow) : IDisposable
{
    private long _arrivedBytes;
    private SlowCall? _leaving;

    /// <summary>Counts bytes of the message that are in memory until the call ends.</summary>
    /// <exception cref="Errors.ServiceException">TOO_MANY_CALLS: the messages of all calls are too large.</exception>
    public void CountArrived(long messageBytes)
    {
        var more = messageBytes - _arrivedBytes;
        slow.TakeMemory(more);
        _arrivedBytes = messageBytes;
    }

    /// <summary>From here on the caller is the one that is waited for.</summary>
    public void BeginLeaving() => _leaving = slow.Begin(context.Abort);

    /// <inheritdoc />
    public void Dispose()
    {
        _leaving?.Dispose();
        slow.GiveMemory(_arrivedBytes);
        _arrivedBytes = 0;
    }
}
