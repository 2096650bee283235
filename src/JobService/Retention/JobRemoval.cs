using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Intake;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Storage;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Retention;

/// <summary>
/// Removes terminal jobs: the row first, with a note that its artifacts are to go, then the artifacts, then the note.
/// Whatever comes in between, the cleaner finishes it.
/// </summary>
internal sealed class JobRemoval(
    IJobStore store, IStorage storage, LocalAttempts attempts, CrashPoints crashPoints)
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
        var deleted = new List<Guid>();
        foreach (var jobId in jobIds)
        {
            try
            {
                if (await DeleteRowAsync(jobId, cancellationToken))
                {
                    deleted.Add(jobId);
                }
            }
            catch (ServiceException retried) when (retried.Reason == ErrorReason.WrongJobStatus)
            {
                // A caller put it back to the queue since it was listed.
            }
        }

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
        }

        foreach (var key in KeysOf(jobIds))
        {
            storage.Delete(key);
        }

        if (jobIds.Count > 0)
        {
            crashPoints.Pass(CrashPoint.ArtifactsDeleted);
            await store.ForgetDeletedAsync(jobIds, cancellationToken);
        }
    }

    private List<string> KeysOf(IReadOnlyCollection<Guid> jobIds)
    {
        if (jobIds.Count == 1)
        {
            return [.. storage.ListKeys(jobIds.First().ToString())];
        }

        // One look through the storage for all of them.
        var wanted = jobIds.ToHashSet();
        return wanted.Count == 0
            ? []
            : [.. storage.ListKeys().Where(key => ArtifactKeys.JobOf(key) is { } jobId && wanted.Contains(jobId))];
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
