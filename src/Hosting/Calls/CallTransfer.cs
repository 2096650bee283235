using Microsoft.AspNetCore.Http;

namespace ForegSyte.Hosting.Calls;

/// <summary>
/// What of a call is on the wire: its message arrives, then it is worked on, then its answer leaves. Disposed when the
/// answer has left.
/// </summary>
internal sealed class CallTransfer(HttpContext context, SlowCalls slow) : IDisposable
{
    private long _bytes;
    private SlowCall? _leaving;

    /// <summary>Counts bytes of the message, which are in memory until the call ends.</summary>
    /// <exception cref="Errors.ServiceException">TOO_MANY_CALLS: the messages of all calls are too large.</exception>
    public void CountArrived(long messageBytes)
    {
        slow.TakeMemory(messageBytes - _bytes);
        _bytes = messageBytes;
    }

    /// <summary>
    /// From here on the caller is the one that is waited for. gRPC does not wait itself: the answer of a unary call
    /// stays in memory until it is read, however large.
    /// </summary>
    public void BeginLeaving()
    {
        var answer = context.Response.BodyWriter;
        var answerBytes = answer.CanGetUnflushedBytes ? answer.UnflushedBytes : 0;
        slow.HoldAnswer(answerBytes);
        _bytes += answerBytes;
        _leaving = slow.Begin(context.Abort);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _leaving?.Dispose();
        slow.GiveMemory(Interlocked.Exchange(ref _bytes, 0));
    }
}
