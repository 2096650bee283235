using System.Runtime.CompilerServices;
using ForegSyte.Client.Calls;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Client.Watching;

/// <summary>Follows one job by long polls until it is terminal.</summary>
/// <param name="waitOnce">One WaitJob call for (etag, timeout), not repeated.</param>
/// <param name="calls">Chooses the pauses.</param>
/// <param name="options">Limits and clock.</param>
internal sealed class JobWatcher(
    Func<string, TimeSpan, CancellationToken, Task<Job>> waitOnce, CallRunner calls, ForegSyteClientOptions options)
{
    private TimeProvider Clock => options.TimeProvider;

    /// <summary>The job now and after every change; ends after the terminal status.</summary>
    /// <exception cref="ForegSyteException">
    /// The server refused, was away for longer than MaxOutage, or the time is over (DEADLINE_EXCEEDED).
    /// </exception>
    public async IAsyncEnumerable<Job> WatchAsync(
        string jobId, TimeSpan timeLimit, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var endsAt = Clock.GetUtcNow() + timeLimit;
        var etag = "";
        JobWait? wait = null;
        while (true)
        {
            var job = await NextAsync(jobId, etag, endsAt, timeLimit, cancellationToken);
            var changed = job.Etag != etag;
            // The etag leaves out what the job waits for, since that changes with other jobs.
            if (changed || !Equals(job.Wait, wait))
            {
                (etag, wait) = (job.Etag, job.Wait);
                yield return job;
            }

            if (job.Status.IsTerminal())
            {
                yield break;
            }

            if (!changed)
            {
                // A server that answers at once though nothing changed must not be asked in a tight loop.
                await Task.Delay(options.RetryBaseDelay, Clock, cancellationToken);
            }
        }
    }

    private async Task<Job> NextAsync(
        string jobId, string etag, DateTimeOffset endsAt, TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        DateTimeOffset? awaySince = null;
        for (var failures = 1; ; failures++)
        {
            var left = endsAt - Clock.GetUtcNow();
            if (left <= TimeSpan.Zero)
            {
                throw new ForegSyteException(
                    StatusCode.DeadlineExceeded,
                    $"Job {jobId} was not finished within {timeLimit}. It goes on at the server.")
                {
                    Reason = ErrorReason.DeadlineExceeded,
                };
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
                awaySince ??= now;
                var delay = calls.DelayAfter(failures, failure.RetryAfter);
                if (now + delay - awaySince > options.MaxOutage)
                {
                    throw;
                }

                await Task.Delay(delay, Clock, cancellationToken);
            }
        }
    }
}
