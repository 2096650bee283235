using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Submission;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Retention;

/// <summary>
/// Deletes ended jobs: first the row, which leaves a tombstone, then the artifacts, then the tombstone. After a crash
/// or a backup the cleaner finishes the deletion.
/// </summary>
internal sealed class JobRemoval(
    IJobStore store, IStorage storage, ISegmentStore segments, LocalAttempts attempts, DeletionHold hold,
    CrashPoints crashPoints)
{
    /// <summary>
    /// Deletes a job with its artifacts; false if it does not exist. The check runs inside the change, on the stored
    /// job; if it throws, the job stays.
    /// </summary>
    /// <exception cref="ServiceException">WRONG_JOB_STATUS: the job has not ended.</exception>
    public async Task<bool> DeleteAsync(Guid jobId, Action<JobRecord> check, CancellationToken cancellationToken)
    {
        if (await DeleteRowAsync(jobId, check, cancellationToken) is not { } job)
        {
            return false;
        }

        crashPoints.Pass(CrashPoint.JobDeleted);
        await RemoveArtifactsAsync([DeletedJob.Of(job)], cancellationToken);
        return true;
    }

    /// <summary>Deletes the jobs that have ended, with their artifacts; returns the count.</summary>
    public async Task<int> DeleteTerminalAsync(IReadOnlyList<Guid> jobIds, CancellationToken cancellationToken)
    {
        // Concurrently, so that they share commits.
        var deleted = await Task.WhenAll(jobIds.Select(jobId => TryDeleteRowAsync(jobId, cancellationToken)));
        List<DeletedJob> gone = [.. deleted.OfType<JobRecord>().Select(DeletedJob.Of)];
        await RemoveArtifactsAsync(gone, cancellationToken);
        return gone.Count;
    }

    /// <summary>
    /// Deletes the artifacts and tombstones of jobs whose rows are deleted. The hashes of their videos are unknown, so
    /// all shared bytes are checked; in a storage of several JobServices the sweep does that, which first checks that
    /// the database is not an old copy.
    /// </summary>
    public async Task FinishAsync(IReadOnlyCollection<Guid> jobIds, CancellationToken cancellationToken)
    {
        await RemoveArtifactsAsync(
            [.. jobIds.Select(jobId => new DeletedJob(jobId, ArtifactKeys.Video(jobId), null))], cancellationToken);
        if (!storage.IsShared)
        {
            await storage.RemoveUnsharedAsync(cancellationToken);
        }
    }

    private async Task RemoveArtifactsAsync(List<DeletedJob> jobs, CancellationToken cancellationToken)
    {
        if (hold.IsHeld)
        {
            return;
        }

        foreach (var (jobId, videoKey, contentId) in jobs)
        {
            // A cancelled attempt can still store something.
            await attempts.WaitUntilEndedAsync(jobId, cancellationToken);
            await segments.RemoveAllAsync(jobId, cancellationToken);
            foreach (var key in await KeysOfResultsAsync(jobId, cancellationToken))
            {
                await storage.DeleteAsync(key, cancellationToken);
            }

            await storage.DeleteSharedAsync(videoKey, contentId, cancellationToken);
        }

        if (jobs.Count > 0)
        {
            crashPoints.Pass(CrashPoint.ArtifactsDeleted);
            await store.ForgetDeletedAsync([.. jobs.Select(job => job.JobId)], cancellationToken);
        }
    }

    /// <summary>
    /// The keys of results, tracks, indexes and manifest. A storage of several JobServices can have those of several
    /// attempts.
    /// </summary>
    private async ValueTask<IReadOnlyList<string>> KeysOfResultsAsync(Guid jobId, CancellationToken cancellationToken)
    {
        return storage.IsShared
            ? await storage.ListKeysAsync(jobId.ToString(), cancellationToken)
                .Select(artifact => artifact.Key)
                .Where(key => ArtifactKeys.JobOf(key) == jobId && key != ArtifactKeys.Video(jobId))
                .ToListAsync(cancellationToken)
            : ArtifactKeys.OfResults(ArtifactKeys.Results(jobId));
    }

    private async Task<JobRecord?> TryDeleteRowAsync(Guid jobId, CancellationToken cancellationToken)
    {
        try
        {
            return await DeleteRowAsync(jobId, check: null, cancellationToken);
        }
        catch (ServiceException retried) when (retried.Reason == ErrorReason.WrongJobStatus)
        {
            // RetryJob made it pending after it was listed.
            return null;
        }
    }

    private async Task<JobRecord?> DeleteRowAsync(
        Guid jobId, Action<JobRecord>? check, CancellationToken cancellationToken)
    {
        JobRecord? seen = null;
        try
        {
            return await store.DeleteAsync(
                jobId,
                job =>
                {
                    seen = job;
                    check?.Invoke(job);
                    JobTransitions.RequireDeletable(job);
                },
                cancellationToken);
        }
        catch (TransitionRefusedException)
        {
            throw StatusErrors.WrongStatus(
                seen!, "Cancel it first.", JobStatus.Completed, JobStatus.Failed, JobStatus.Cancelled);
        }
    }

    /// <summary>A job whose row is deleted; the id of its video's bytes is null if unknown.</summary>
    private readonly record struct DeletedJob(Guid JobId, string VideoKey, string? ContentId)
    {
        public static DeletedJob Of(JobRecord job) =>
            new(job.JobId, job.InputPath, ArtifactKeys.SharedVideo(job.Tenant, job.VideoSha256));
    }
}
