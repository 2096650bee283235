using System.Runtime.CompilerServices;
using ForegSyte.Client.Calls;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Client;

/// <summary>Follows one job with long polls until it is terminal.</summary>
/// <param name="waitOnce">Makes one WaitJob call with an etag and a timeout, without retries.</param>
/// <param name="calls">Computes the delays between retries.</param>
/// <param name="options">Options of the client.</param>
internal sealed class JobWatcher(
    Func<string, TimeSpan, CancellationToken, Task<Job>> waitOnce, CallRunner calls, ForegSyteClientOptions options)
{
    private TimeProvider Clock => options.TimeProvider;

    /// <summary>Yields the job now and after every change; ends after the terminal status.</summary>
    /// <exception cref="ForegSyteException">
    /// The server returned an error, was unavailable for longer than MaxOutage, or the time limit expired
    /// (DEADLINE_EXCEEDED).
    /// </exception>
    public async IAsyncEnumerable<Job> WatchAsync(
        string jobId, TimeSpan timeLimit, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var endsAt = Clock.GetUtcNow() + timeLimit;
        var etag = "";
        QueueState? queueState = null;
        while (true)
        {
            var job = await NextAsync(jobId, etag, endsAt, timeLimit, cancellationToken);
            var changed = job.Etag != etag;
            // The etag does not cover the queue state, which changes with other jobs.
            if (changed || !Equals(job.QueueState, queueState))
            {
                (etag, queueState) = (job.Etag, job.QueueState);
                yield return job;
            }

            if (job.Status.IsTerminal())
            {
                yield break;
            }

            if (!changed)
            {
                // Prevents a tight loop if the server returns at once without a change.
                await Task.Delay(options.RetryBaseDelay, Clock, cancellationToken);
            }
        }
    }

    private async Task<Job> NextAsync(
        string jobId, string etag, DateTimeOffset endsAt, TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        DateTimeOffset? outageStart = null;
        for (var failures = 1; ; failures++)
        {
            var left = endsAt - Clock.GetUtcNow();
            if (left <= TimeSpan.Zero)
            {
                throw new ForegSyteException(
                    ErrorReason.DeadlineExceeded,
                    $"Job {jobId} did not end within {timeLimit}. It keeps running on the server.");
            }

            var timeout = left < options.LongPollTimeout ? left : options.LongPollTimeout;
            try
            {
                return await waitOnce(etag, timeout, cancellationToken);
            }
            catch (ForegSyteException failure)
                when (failure.Code is StatusCode.Unavailable or StatusCode.DeadlineExceeded)
            {
                var now = Clock.GetUtcNow();
                outageStart ??= now;
                var delay = calls.DelayAfter(failures, failure.RetryAfter);
                if (now + delay - outageStart > options.MaxOutage)
                {
                    throw;
                }

                await Task.Delay(delay, Clock, cancellationToken);
            }
        }
    }
}
