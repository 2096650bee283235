using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tenants;
using ForegSyte.Jobs.Tracing;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Takes over the results of the completed job that the submission found (ADR 45). The copies belong to the new job, so
/// either job can be deleted. An attempt after a crash copies them again.
/// </summary>
internal sealed class ResultReuse(
    JobTracker tracker, IStorage storage, CrashPoints crashPoints, IOptions<TenantOptions> tenants,
    ILogger<ResultReuse> logger)
{
    /// <summary>
    /// Copies the results; null if the other job or one of its artifacts is gone. The job then runs itself, which its
    /// record says from now on.
    /// </summary>
    /// <param name="job">The claimed job, with another one whose results it takes over.</param>
    /// <param name="token">The lease of the attempt.</param>
    /// <param name="results">Reserves the bytes before they are copied.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="InferenceFailedException">VIDEO_LIMIT_EXCEEDED: more frames than the tenant may analyze.
    /// </exception>
    /// <exception cref="Hosting.Errors.ServiceException">TENANT_QUOTA_EXCEEDED or STORAGE_FULL.</exception>
    /// <exception cref="TransitionRefusedException">The lease is lost.</exception>
    public async Task<JobResult?> TryCopyAsync(
        JobRecord job, Guid token, ResultReservation results, CancellationToken cancellationToken)
    {
        using var step = JobTraces.StartStep(JobTraces.Results);
        if (await FindAsync(job, cancellationToken) is { } other)
        {
            if (JobLimits.CheckFrames(other.FramesTotal, tenants.Value.For(job.Tenant)) is { } failure)
            {
                throw new InferenceFailedException(failure);
            }

            if (await TryCopyAsync(job, token, other, results, cancellationToken) is { } stored)
            {
                logger.LogInformation("Job {JobId} has the results of job {OtherJobId}", job.JobId, other.JobId);
                return new JobResult(stored, other.Summary!, other.Warnings, Manifest: null);
            }
        }

        logger.LogInformation(
            "Results of job {OtherJobId} are gone; job {JobId} runs itself", job.ReusedJobId, job.JobId);
        await tracker.ChangeOwnAsync(
            job.JobId, (shown, now) => JobTransitions.ForgetReuse(shown, token, now), cancellationToken);
        return null;
    }

    private async Task<JobRecord?> FindAsync(JobRecord job, CancellationToken cancellationToken) =>
        await tracker.FindAsync(job.ReusedJobId!.Value, cancellationToken) is
        { Status: JobStatus.Completed, OutputPath: not null, Summary: not null } other
            && other.Tenant == job.Tenant
                ? other
                : null;

    /// <summary>
    /// A deletion removes the row before the artifacts: if the row is still there after the last copy, they were all
    /// there before it.
    /// </summary>
    private async Task<StoredResults?> TryCopyAsync(
        JobRecord job, Guid token, JobRecord other, ResultReservation results, CancellationToken cancellationToken)
    {
        var outputPath = ArtifactKeys.Results(job.JobId, storage.IsShared ? token : null);
        var pairs = ArtifactKeys.OfResults(other.OutputPath!).Zip(ArtifactKeys.OfResults(outputPath))
            .Where(pair => !ArtifactKeys.IsSidecar(pair.First))
            .ToList();
        try
        {
            var bytes = await SizeOfAsync(other, cancellationToken);
            results.TakeDocument(bytes);
            foreach (var (existingKey, key) in pairs)
            {
                await CopyAsync(other, existingKey, key, cancellationToken);
            }

            crashPoints.Pass(CrashPoint.ResultsStored);
            if (await FindAsync(job, cancellationToken) is not null)
            {
                return new StoredResults(outputPath, bytes)
                {
                    HasTracks = other.HasTracks,
                    PipelineVersion = other.PipelineVersion,
                    TakenFrom = other,
                };
            }
        }
        catch (FileNotFoundException missing)
        {
            logger.LogDebug(missing, "Artifact of job {OtherJobId} not copied", other.JobId);
        }

        foreach (var (_, key) in pairs)
        {
            await storage.DeleteAsync(key, cancellationToken);
        }

        results.Forget();
        return null;
    }

    /// <summary>Only results and tracks must exist: small documents have no index.</summary>
    private async Task CopyAsync(JobRecord other, string existingKey, string key, CancellationToken cancellationToken)
    {
        var isRequired = existingKey == other.OutputPath
            || (other.HasTracks && existingKey == ArtifactKeys.Tracks(other.OutputPath!));
        try
        {
            await storage.CopyAsync(existingKey, key, cancellationToken);
        }
        catch (FileNotFoundException) when (!isRequired)
        {
            // Also none of an earlier attempt.
            await storage.DeleteAsync(key, cancellationToken);
        }
    }

    /// <summary>Rebuilt jobs do not know the size of their results.</summary>
    private async Task<long> SizeOfAsync(JobRecord other, CancellationToken cancellationToken)
    {
        if (other.ResultBytes > 0)
        {
            return other.ResultBytes;
        }

        await using var document = await storage.OpenReadAsync(other.OutputPath!, cancellationToken);
        return document.Length;
    }
}
