using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Stopping;
using ForegSyte.Jobs.Queue;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Grpc;

/// <summary>Waits for a job to differ from what a caller knows (long poll). A waiter holds no thread.</summary>
internal sealed class JobWaiter(
    JobTracker board, JobView view, Drain drain, IOptions<WaitOptions> options, TimeProvider time)
{
    /// <summary>The job as soon as its etag differs or it is terminal; at the timeout, as it is.</summary>
    /// <exception cref="ServiceException">JOB_NOT_FOUND, INVALID_FIELD, or SHUTTING_DOWN when the service
    /// closes its connections.</exception>
    public async Task<Job> WaitAsync(Guid jobId, string etag, Duration? timeout, CancellationToken cancellationToken)
    {
        using var expiry = new CancellationTokenSource(TimeoutOf(timeout), time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(expiry.Token, drain.Closing, cancellationToken);
        while (true)
        {
            // The mark is taken before the job is read: a change in between ends the wait at once.
            var change = board.NextChange(jobId);
            var record = await board.FindAsync(jobId, cancellationToken);
            if (record is null or { IsTerminal: true })
            {
                board.Wake(jobId);
            }

            var job = view.Of(record ?? throw JobErrors.NotFound(jobId));
            if (job.Etag != etag || record.IsTerminal || expiry.IsCancellationRequested)
            {
                return job;
            }

            if (drain.Closing.IsCancellationRequested)
            {
                throw GracefulShutdown.ToException();
            }

            await change.WaitAsync(end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private TimeSpan TimeoutOf(Duration? timeout)
    {
        if (timeout is null)
        {
            return Min(options.Value.DefaultTimeout, options.Value.MaxTimeout);
        }

        if (timeout.Seconds is < 0 or > Duration.MaxSeconds || timeout.Nanos is < 0 or > 999_999_999)
        {
            throw ServiceException.InvalidField(
                "timeout", "timeout has to be 0 or more, with nanos from 0 to 999999999.", timeout);
        }

        return timeout.Seconds >= options.Value.MaxTimeout.TotalSeconds
            ? options.Value.MaxTimeout
            : Min(timeout.ToTimeSpan(), options.Value.MaxTimeout);
    }

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;
}
