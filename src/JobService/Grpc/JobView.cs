using System.Runtime.CompilerServices;
using ForegSyte.Jobs.Queue;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Grpc;

/// <summary>
/// Jobs as callers see them. Records never change, so that what was made of one is kept as long as the record is: a job
/// that is asked for again costs no hashing.
/// </summary>
internal sealed class JobView(WaitReasons waits)
{
    private readonly ConditionalWeakTable<JobRecord, Job> _made = [];

    /// <summary>The job with what it waits for now. To be read only: other callers get the same message.</summary>
    public Job Of(JobRecord record)
    {
        var job = _made.GetValue(record, JobMessages.From);
        if (waits.Of(record) is not { } wait)
        {
            return job;
        }

        var waiting = job.Clone();
        waiting.Wait = wait;
        return waiting;
    }
}
