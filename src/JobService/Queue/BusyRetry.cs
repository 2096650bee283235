using ForegSyte.Jobs.Inference;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Queue;

/// <summary>Repeats a call while every InferenceService is busy: that is not a failure of its job.</summary>
internal static class BusyRetry
{
    /// <summary>Wait before a call is repeated if a busy InferenceService gives no retry delay.</summary>
    private static readonly TimeSpan DefaultDelay = TimeSpan.FromMilliseconds(200);

    /// <summary>Calls until the answer is not INFERENCE_BUSY.</summary>
    /// <param name="call">The call.</param>
    /// <param name="time">The clock of the waits.</param>
    /// <param name="cancellationToken">Ends call and waits; the run time of a job ends them too.</param>
    public static async Task<T> CallAsync<T>(
        Func<Task<T>> call, TimeProvider time, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await call();
            }
            catch (InferenceFailedException busy) when (busy.Failure.Reason == ErrorReason.InferenceBusy)
            {
                var delay = busy.RetryAfter is { } asked && asked > TimeSpan.Zero ? asked : DefaultDelay;
                await Task.Delay(delay, time, cancellationToken);
            }
        }
    }
}
