using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Stopping;
using ForegSyte.Jobs.Queue;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Grpc;

/// <summary>The timeouts of WaitJob. Section "Wait".</summary>
internal sealed class WaitOptions
{
    public const string Section = "Wait";

    /// <summary>Timeout of a call without a timeout.</summary>
    /// <value>0 to 10 minutes; 30 s by default.</value>
    [TimeRange("00:00:00", "00:10:00")]
    [Limit("", "Timeout of a WaitJob call without a timeout; after it the call returns the unchanged job.")]
    public TimeSpan DefaultTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Maximum timeout; a longer one means this.</summary>
    /// <value>1 s to 10 minutes; 60 s by default.</value>
    [TimeRange("00:00:01", "00:10:00")]
    [Limit("", "Maximum timeout of a WaitJob call; a longer one means this.")]
    public TimeSpan MaxTimeout { get; set; } = TimeSpan.FromSeconds(60);
}

/// <summary>Long polling: waits until a job differs from what the caller knows. A wait holds no thread.</summary>
internal sealed class JobWaiter(
    JobTracker tracker, JobMessages messages, Drain drain, IOptions<WaitOptions> options, TimeProvider time)
{
    /// <summary>Returns the job when its etag differs or it is terminal; at the timeout, as it is then.</summary>
    /// <exception cref="ServiceException">JOB_NOT_FOUND, INVALID_FIELD, or SHUTTING_DOWN when the service
    /// closes its connections.</exception>
    public async Task<Job> WaitAsync(
        Guid jobId, string etag, Duration? timeout, JobView view, CancellationToken cancellationToken)
    {
        using var expiry = new CancellationTokenSource(TimeoutOf(timeout), time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(expiry.Token, drain.Closing, cancellationToken);
        while (true)
        {
            // Subscribe before reading the job: a change in between then ends the wait at once.
            var change = tracker.NextChange(jobId);
            var record = await tracker.FindAsync(jobId, cancellationToken);
            if (record is null or { IsTerminal: true })
            {
                // No further change will come; do not leave the subscription behind.
                tracker.Wake(jobId);
            }

            var job = await messages.OfAsync(record ?? throw JobErrors.NotFound(jobId), view, cancellationToken);
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
                "timeout", "timeout must be 0 or more, with nanos from 0 to 999999999.", timeout);
        }

        return timeout.Seconds >= options.Value.MaxTimeout.TotalSeconds
            ? options.Value.MaxTimeout
            : Min(timeout.ToTimeSpan(), options.Value.MaxTimeout);
    }

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;
}
