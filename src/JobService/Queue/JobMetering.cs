using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Metrics;
using ForegSyte.Jobs.Storage;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Measures jobs by their commits, so that whatever changes a job is counted once and in one place; and shows how many
/// wait and run.
/// </summary>
internal sealed class JobMetering(
    IJobStore store, JobTracker board, PendingJobs pending, IInferenceClient inference, IStorage storage,
    JobMetrics metrics, TimeProvider time) : IHostedService
{
    /// <summary>Begins; before the dispatcher does, and before anything is served.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        store.Committed += Follow;
        metrics.Show();
        metrics.Observe(new JobGauges(
            Depth, OldestAge, () => board.Running.Count(), () => inference.ServingCount, storage.FreeBytes));
        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void Follow(JobCommit commit)
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
                Leave(before, after);
                break;
        }
    }

    /// <summary>A job that ran does not any more, or one that waited has ended.</summary>
    private void Leave(JobRecord before, JobRecord after)
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

    /// <summary>A clock that was set back gives no negative times.</summary>
    private static TimeSpan NotNegative(TimeSpan time) => time > TimeSpan.Zero ? time : TimeSpan.Zero;
}
