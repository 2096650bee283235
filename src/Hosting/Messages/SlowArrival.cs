using System.Globalization;
using System.IO.Pipelines;
using ForegSyte.Hosting.ConcurrencyLimits;
using ForegSyte.Hosting.Connections;
using ForegSyte.Hosting.Errors;
using ForegSyte.V1;

namespace ForegSyte.Hosting.Messages;

/// <summary>
/// A message that is not there at once: it has the time that its length gives it, and may have to make room for others.
/// </summary>
internal sealed class SlowArrival : IDisposable
{
    private readonly ConnectionOptions _connections;
    private readonly CallOptions _calls;
    private readonly CancellationTokenSource _end;
    private readonly SlowCall _call;
    private volatile bool _isEvicted;
    private bool _isLengthKnown;

    public SlowArrival(SlowCallEvictor slow, ConnectionOptions connections, CallOptions calls, TimeProvider time)
    {
        _connections = connections;
        _calls = calls;
        _end = new CancellationTokenSource(connections.DataGrace, time);
        _call = slow.Begin(Evict);
    }

    /// <summary>Gives the message time for its length, once that is known.</summary>
    public void Expect(long messageBytes)
    {
        if (!_isLengthKnown)
        {
            _isLengthKnown = true;
            _end.CancelAfter(
                _connections.DataGrace + TimeSpan.FromSeconds((double)messageBytes / _connections.MinDataRate));
        }
    }

    /// <summary>Waits for more bytes.</summary>
    /// <exception cref="ServiceException">DEADLINE_EXCEEDED or TOO_MANY_CALLS.</exception>
    public async Task<ReadResult> ReadAsync(PipeReader reader)
    {
        try
        {
            return await reader.ReadAsync(_end.Token);
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
            throw _isEvicted ? MadeRoom() : TooSlow();
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _call.Dispose();
        _end.Dispose();
    }

    private void Evict()
    {
        _isEvicted = true;
        _end.Cancel();
    }

    private ServiceException MadeRoom() => ConcurrencyLimiter.TooManyCalls(
        $"{CallOptions.Section}:{nameof(CallOptions.MaxSlow)}",
        _calls.MaxSlow.ToString(CultureInfo.InvariantCulture),
        "The request was the slowest of too many that were on their way",
        _calls.BusyRetryDelay);

    private ServiceException TooSlow()
    {
        const string option = $"{ConnectionOptions.Section}:{nameof(ConnectionOptions.MinDataRate)}";
        var limit = _connections.MinDataRate.ToString(CultureInfo.InvariantCulture);
        return new ServiceException(
            ErrorReason.DeadlineExceeded,
            $"The request did not arrive at {limit} bytes a second (option {option}). Send it faster, or in parts.")
        {
            Metadata = new Dictionary<string, string> { ["option"] = option, ["limit"] = limit },
        };
    }
}
