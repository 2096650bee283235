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
    public Job Of(JobRecord record, JobView view = JobView.Full)
    {
        var job = MessageOf(record);
        var queueState = waits.Of(record);
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
