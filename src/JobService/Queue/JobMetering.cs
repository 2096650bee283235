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
    IJobStore store, JobTracker tracker, IJobClaims claims, IInferenceClient inference, IStorage storage,
    JobMetrics metrics, ILogger<JobMetering> logger) : IHostedService
{
    private QueueCounts _counts = QueueCounts.None;
    private int _isCounting;

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
        var counts = Counts();
        return [("queued", counts.Pending - counts.Scheduled), ("back_off", counts.Scheduled)];
    }

    private double OldestAge() => Counts().OldestQueuedAt is { } oldest
        ? NotNegative(store.Now - oldest).TotalSeconds
        : 0;

    /// <summary>
    /// The latest counts. A gauge is read synchronously: if counting takes longer, the next collection has the result.
    /// </summary>
    private QueueCounts Counts()
    {
        if (Interlocked.Exchange(ref _isCounting, 1) == 0)
        {
            _ = CountAsync();
        }

        return Volatile.Read(ref _counts);
    }

    private async Task CountAsync()
    {
        try
        {
            Volatile.Write(ref _counts, await claims.CountAsync(tenant: null, CancellationToken.None));
        }
        catch (Exception failure)
        {
            logger.LogWarning(failure, "Pending jobs not counted; the metrics keep the last counts");
        }
        finally
        {
            Volatile.Write(ref _isCounting, 0);
        }
    }

    /// <summary>Returns zero for a negative time, as a clock set back gives.</summary>
    private static TimeSpan NotNegative(TimeSpan time) => time > TimeSpan.Zero ? time : TimeSpan.Zero;
}
