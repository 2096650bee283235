using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Storage.Segments;
using ForegSyte.Jobs.Submission;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Retention;

/// <summary>
/// Removes terminal jobs: the row first, with a note that its artifacts are to go, then the artifacts, then the note.
/// Whatever comes in between, the cleaner finishes it.
/// </summary>
internal sealed class JobRemoval(
    IJobStore store, IStorage storage, SegmentStore segments, LocalAttempts attempts, CrashPoints crashPoints)
{
    /// <summary>Removes a job with its artifacts; false where there is none.</summary>
    /// <exception cref="ServiceException">WRONG_JOB_STATUS: the job is not terminal.</exception>
    public async Task<bool> DeleteAsync(Guid jobId, CancellationToken cancellationToken)
    {
        if (await DeleteRowAsync(jobId, cancellationToken) is not { } job)
        {
            return false;
        }

        crashPoints.Pass(CrashPoint.JobDeleted);
        await RemoveArtifactsAsync([new DeletedJob(jobId, job.VideoSha256)], cancellationToken);
        return true;
    }

    /// <summary>
    /// Removes those of some jobs that are terminal, with their artifacts; returns how many those were.
    /// </summary>
    public async Task<int> DeleteTerminalAsync(IReadOnlyList<Guid> jobIds, CancellationToken cancellationToken)
    {
        // All at once, so that they share commits.
        var deleted = await Task.WhenAll(jobIds.Select(jobId => TryDeleteRowAsync(jobId, cancellationToken)));
        List<DeletedJob> gone =
            [.. deleted.OfType<JobRecord>().Select(job => new DeletedJob(job.JobId, job.VideoSha256))];
        await RemoveArtifactsAsync(gone, cancellationToken);
        return gone.Count;
    }

    /// <summary>
    /// Removes what is left of jobs that were deleted before, and forgets them. What hash a video had is not known any
    /// more, so that its bytes are looked for.
    /// </summary>
    public async Task FinishAsync(IReadOnlyCollection<Guid> jobIds, CancellationToken cancellationToken)
    {
        await RemoveArtifactsAsync([.. jobIds.Select(jobId => new DeletedJob(jobId, null))], cancellationToken);
        storage.RemoveUnshared();
    }

    private async Task RemoveArtifactsAsync(List<DeletedJob> jobs, CancellationToken cancellationToken)
    {
        foreach (var (jobId, videoSha256) in jobs)
        {
            // A cancelled attempt may still be about to store something.
            await attempts.WaitUntilEndedAsync(jobId, cancellationToken);
            segments.RemoveAll(jobId);
            storage.Delete(ArtifactKeys.Results(jobId));
            storage.Delete(ArtifactKeys.Sidecar(jobId));
            storage.DeleteShared(ArtifactKeys.Video(jobId), videoSha256);
        }

        if (jobs.Count > 0)
        {
            crashPoints.Pass(CrashPoint.ArtifactsDeleted);
            await store.ForgetDeletedAsync([.. jobs.Select(job => job.JobId)], cancellationToken);
        }
    }

    private async Task<JobRecord?> TryDeleteRowAsync(Guid jobId, CancellationToken cancellationToken)
    {
        try
        {
            return await DeleteRowAsync(jobId, cancellationToken);
        }
        catch (ServiceException retried) when (retried.Reason == ErrorReason.WrongJobStatus)
        {
            // A caller put it back to the queue since it was listed.
            return null;
        }
    }

    private async Task<JobRecord?> DeleteRowAsync(Guid jobId, CancellationToken cancellationToken)
    {
        JobRecord? seen = null;
        try
        {
            return await store.DeleteAsync(
                jobId,
                job =>
                {
                    seen = job;
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

    /// <summary>A job whose row is gone.</summary>
    /// <param name="JobId">The job.</param>
    /// <param name="VideoSha256">The hash of its video; null where it is not known.</param>
    private readonly record struct DeletedJob(Guid JobId, string? VideoSha256);
}
