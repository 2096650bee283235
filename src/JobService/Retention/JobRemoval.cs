using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Intake;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Storage.Segments;
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
        if (!await DeleteRowAsync(jobId, cancellationToken))
        {
            return false;
        }

        crashPoints.Pass(CrashPoint.JobDeleted);
        await RemoveArtifactsAsync([jobId], cancellationToken);
        return true;
    }

    /// <summary>
    /// Removes those of some jobs that are terminal, with their artifacts; returns how many those were.
    /// </summary>
    public async Task<int> DeleteTerminalAsync(IReadOnlyList<Guid> jobIds, CancellationToken cancellationToken)
    {
        // All at once, so that they share commits.
        var areDeleted = await Task.WhenAll(jobIds.Select(jobId => TryDeleteRowAsync(jobId, cancellationToken)));
        List<Guid> deleted = [.. jobIds.Zip(areDeleted).Where(pair => pair.Second).Select(pair => pair.First)];
        await RemoveArtifactsAsync(deleted, cancellationToken);
        return deleted.Count;
    }

    /// <summary>Removes what is left of deleted jobs, and forgets them.</summary>
    public async Task RemoveArtifactsAsync(IReadOnlyCollection<Guid> jobIds, CancellationToken cancellationToken)
    {
        foreach (var jobId in jobIds)
        {
            // A cancelled attempt may still be about to store something.
            await attempts.WaitUntilEndedAsync(jobId, cancellationToken);
            segments.RemoveAll(jobId);
            storage.Delete(ArtifactKeys.Results(jobId));
            storage.Delete(ArtifactKeys.Sidecar(jobId));
            storage.Delete(ArtifactKeys.Video(jobId));
        }

        if (jobIds.Count > 0)
        {
            crashPoints.Pass(CrashPoint.ArtifactsDeleted);
            await store.ForgetDeletedAsync(jobIds, cancellationToken);
        }
    }

    private async Task<bool> TryDeleteRowAsync(Guid jobId, CancellationToken cancellationToken)
    {
        try
        {
            return await DeleteRowAsync(jobId, cancellationToken);
        }
        catch (ServiceException retried) when (retried.Reason == ErrorReason.WrongJobStatus)
        {
            // A caller put it back to the queue since it was listed.
            return false;
        }
    }

    private async Task<bool> DeleteRowAsync(Guid jobId, CancellationToken cancellationToken)
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
                cancellationToken) is not null;
        }
        catch (TransitionRefusedException)
        {
            throw StatusErrors.WrongStatus(
                seen!, "Cancel it first.", JobStatus.Completed, JobStatus.Failed, JobStatus.Cancelled);
        }
    }
}
