using Microsoft.AspNetCore.Http;

namespace ForegSyte.Hosting.ConcurrencyLimits;

/// <summary>
/// What of a call is on the wire: its message arrives, then it is worked on, then its answer leaves. Disposed when the
/// answer has left.
/// </summary>
internal sealed class CallTransfer(HttpContext context, SlowCallEvictor slow) : IDisposable
{
    /// <summary>
    /// What Kestrel takes of an answer without waiting for the reader; a smaller one is gone at once.
    /// </summary>
    private const int SmallAnswerBytes = 64 * 1024;

    private long _bytes;

    /// <summary>Counts bytes of the message, which are in memory until the call ends.</summary>
    /// <exception cref="Errors.ServiceException">TOO_MANY_CALLS: the messages of all calls are too large.</exception>
    public void CountArrived(long messageBytes)
    {
        slow.TakeMemory(messageBytes - _bytes);
        _bytes = messageBytes;
    }

    /// <summary>
    /// Waits until the reader has taken a large answer but for its last part. gRPC does not wait: the answer of a unary
    /// call would stay in memory, however large and however many, after the call is over for everybody else.
    /// </summary>
    public async Task LeaveAsync()
    {
        var answer = context.Response.BodyWriter;
        var answerBytes = answer.CanGetUnflushedBytes ? answer.UnflushedBytes : 0;
        if (answerBytes <= SmallAnswerBytes)
        {
            return;
        }

        slow.HoldAnswer(answerBytes);
        _bytes += answerBytes;
        using var leaving = slow.Begin(context.Abort);
        await answer.FlushAsync(context.RequestAborted);
    }

    /// <inheritdoc />
    public void Dispose() => slow.GiveMemory(Interlocked.Exchange(ref _bytes, 0));
}
