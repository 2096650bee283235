using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.V1;

namespace ForegSyte.Inference.Grpc;

/// <summary>
/// A number of calls that may run at the same time. One too many is turned away at once and does not wait: these calls
/// are short, and their caller comes back.
/// </summary>
internal sealed class CallSlots(string option, int slots, TimeSpan retryDelay)
{
    private int _taken;

    /// <summary>Calls that run now.</summary>
    public int Taken => Volatile.Read(ref _taken);

    /// <summary>Takes a slot; disposing it gives it back.</summary>
    /// <exception cref="ServiceException">INFERENCE_BUSY.</exception>
    public IDisposable Take()
    {
        if (Interlocked.Increment(ref _taken) > slots)
        {
            Interlocked.Decrement(ref _taken);
            var limit = slots.ToString(CultureInfo.InvariantCulture);
            throw new ServiceException(
                ErrorReason.InferenceBusy,
                $"The service runs {limit} such calls already (option {option}). Come back after the retry delay.")
            {
                Metadata = new Dictionary<string, string> { ["option"] = option, ["limit"] = limit },
                RetryAfter = retryDelay,
            };
        }

        return new Slot(this);
    }

    private sealed class Slot(CallSlots owner) : IDisposable
    {
        private CallSlots? _owner = owner;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _owner, null) is { } given)
            {
                Interlocked.Decrement(ref given._taken);
            }
        }
    }
}
