using ForegSyte.Jobs.Storage;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Admin;

/// <summary>The jobs that the storage tells of.</summary>
/// <param name="Jobs">Their records, oldest first.</param>
/// <param name="Skipped">Jobs of which there is a video and nothing else, where no pipeline was given.</param>
/// <param name="Problems">What could not be read, a sentence each.</param>
internal sealed record RebuiltJobs(
    IReadOnlyList<JobRecord> Jobs, IReadOnlyList<Guid> Skipped, IReadOnlyList<string> Problems)
{
    /// <summary>Looks through the artifacts.</summary>
    public static RebuiltJobs From(IStorage storage, string? pipelineId, string tenant, DateTimeOffset now)
    {
        var (jobs, skipped, problems) = (new List<JobRecord>(), new List<Guid>(), new List<string>());
        foreach (var jobId in storage.ListKeys().Select(ArtifactKeys.JobOf).OfType<Guid>().Distinct().Order())
        {
            try
            {
                if (JobManifest.Read(storage, jobId) is { } completed && storage.Exists(ArtifactKeys.Results(jobId)))
                {
                    jobs.Add(completed);
                    continue;
                }
            }
            catch (FormatException failure)
            {
                problems.Add(failure.Message);
            }

            if (!storage.Exists(ArtifactKeys.Video(jobId)))
            {
                problems.Add($"Job {jobId} has artifacts, but no video and no readable sidecar with results.");
            }
            else if (pipelineId is null)
            {
                skipped.Add(jobId);
            }
            else
            {
                jobs.Add(Pending(jobId, pipelineId, tenant, now));
            }
        }

        return new RebuiltJobs([.. jobs.OrderBy(job => job.CreatedAt).ThenBy(job => job.JobId)], skipped, problems);
    }

    private static JobRecord Pending(Guid jobId, string pipelineId, string tenant, DateTimeOffset now) =>
        JobPrecision.Cut(new JobRecord
        {
            JobId = jobId,
            Tenant = tenant,
            Status = JobStatus.Pending,
            PipelineId = pipelineId,
            InputPath = ArtifactKeys.Video(jobId),
            CreatedAt = now,
            UpdatedAt = now,
            QueuedAt = now,
        });
}
