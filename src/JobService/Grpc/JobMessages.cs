using System.Runtime.CompilerServices;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Queue;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Grpc;

/// <summary>
/// Converts job records to messages. Records are immutable, so the message of a record is cached as long as the record
/// lives: reading an unchanged job again costs no hashing.
/// </summary>
internal sealed class JobMessages(WaitReasons waits)
{
    /// <summary>Maximum number of attempts in a message; the latest ones are kept.</summary>
    public const int MaxAttempts = 100;

    private readonly ConditionalWeakTable<JobRecord, Job> _messages = [];

    /// <summary>Refuses a change of a job whose etag differs from the caller's; an empty one means any.</summary>
    /// <exception cref="ServiceException">ETAG_MISMATCH.</exception>
    public void RequireEtag(JobRecord record, string etag)
    {
        if (etag.Length > 0 && etag != MessageOf(record).Etag)
        {
            throw JobErrors.EtagMismatch(record.JobId);
        }
    }

    /// <summary>The job with its queue state. Read-only: other callers get the same message.</summary>
    public ValueTask<Job> OfAsync(JobRecord record, CancellationToken cancellationToken) =>
        OfAsync(record, JobView.Full, cancellationToken);

    /// <summary>The job in a view, as <see cref="OfAsync(JobRecord, CancellationToken)"/>.</summary>
    public async ValueTask<Job> OfAsync(JobRecord record, JobView view, CancellationToken cancellationToken) =>
        (await OfAsync([record], view, cancellationToken))[0];

    /// <summary>Several jobs in order, as <see cref="OfAsync(JobRecord, CancellationToken)"/>.</summary>
    public async ValueTask<IReadOnlyList<Job>> OfAsync(
        IReadOnlyList<JobRecord> records, JobView view, CancellationToken cancellationToken)
    {
        var states = await waits.OfAsync(records, cancellationToken);
        return [.. records.Select(record => Of(record, states.GetValueOrDefault(record.JobId), view))];
    }

    private Job Of(JobRecord record, QueueState? queueState, JobView view)
    {
        var job = MessageOf(record);
        if (view == JobView.Full && queueState is null)
        {
            return job;
        }

        var copy = JobMessage.Basic(job);
        copy.QueueState = queueState;
        if (view == JobView.Full)
        {
            copy.Video = job.Video;
            copy.Summary = job.Summary;
            copy.Timings = job.Timings;
            copy.Devices.AddRange(job.Devices);
            copy.Attempts.AddRange(job.Attempts);
        }

        return copy;
    }

    private Job MessageOf(JobRecord record) =>
        _messages.GetValue(record, static job => JobMessage.From(job, MaxAttempts));
}
