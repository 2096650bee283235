using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Metrics;
using ForegSyte.Jobs.Storage;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Records the metrics of jobs by following commits, so that every change counts exactly once whatever made it, and
/// observes how many jobs wait and run.
/// </summary>
internal sealed class JobMetering(
    IJobStore store, JobTracker tracker, PendingJobs pending, IInferenceClient inference, IStorage storage,
    JobMetrics metrics, TimeProvider time) : IHostedService
{
    /// <summary>Starts before the dispatcher and before the service accepts calls.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        store.Committed += OnCommitted;
        metrics.Initialize();
        metrics.Observe(new JobGauges(
            Depth, OldestAge, () => tracker.Running.Count(), () => inference.ServingCount, storage.FreeBytes));
        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void OnCommitted(JobCommit commit)
    {
        switch (commit.Before, commit.After)
        {
            case (null, not null):
                metrics.CountSubmitted();
                break;
            case ({ Status: JobStatus.Pending } before, { Status: JobStatus.Running } after):
                metrics.RecordWait(NotNegative(after.Attempts[^1].StartedAt - JobOutcomes.WaitingSince(before)));
                break;
            case ({ IsTerminal: false } before, { Status: not JobStatus.Running } after):
                RecordEnd(before, after);
                break;
        }
    }

    /// <summary>Records the end of an attempt, of the job, or of both.</summary>
    private void RecordEnd(JobRecord before, JobRecord after)
    {
        if (before.Status == JobStatus.Running)
        {
            var attempt = after.Attempts[^1];
            var outcome = JobOutcomes.OfAttempt(after, attempt.Number);
            metrics.RecordAttempt(outcome, attempt.EndedAt!.Value - attempt.StartedAt);
            if (attempt.Failure?.Reason == ErrorReason.LeaseLost)
            {
                metrics.CountLostLease();
            }
        }

        if (after.IsTerminal)
        {
            metrics.RecordEnd(
                JobStatusNames.Of(after.Status), after.Failure?.Reason.ToText() ?? "",
                after.EndedAt!.Value - after.CreatedAt);
        }
    }

    private IEnumerable<(string State, int Jobs)> Depth()
    {
        var scheduled = pending.ScheduledCount;
        return [("queued", Math.Max(0, pending.Count - scheduled)), ("back_off", scheduled)];
    }

    private double OldestAge() => pending.OldestQueuedAt is { } oldest
        ? NotNegative(time.GetUtcNow() - oldest).TotalSeconds
        : 0;

    /// <summary>Returns zero for a negative time, as a clock set back gives.</summary>
    private static TimeSpan NotNegative(TimeSpan time) => time > TimeSpan.Zero ? time : TimeSpan.Zero;
}
