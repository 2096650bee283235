using ForegSyte.Jobs.Filters;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Storage;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Retention;

/// <summary>
/// Makes database and storage agree after a start: removes artifacts without a job, unless the database may have
/// forgotten the job, and settles jobs without their artifacts. Works in batches, while jobs run.
/// </summary>
internal sealed class StorageSweep(
    IJobStore store,
    JobTracker board,
    PendingJobs pending,
    IStorage storage,
    SegmentSweep segments,
    IOptions<RetentionOptions> options,
    TimeProvider time,
    ILogger<StorageSweep> logger)
{
    private static readonly JobFilter Completed = JobFilterParser.Parse("status = COMPLETED");

    private StoreGeneration? _generation;
    private string? _doubt;

    /// <summary>
    /// Begins a generation of the database and compares it with the storage's note; to be called once at start, before
    /// <see cref="RunAsync"/>.
    /// </summary>
    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        _generation = await store.BeginGenerationAsync(cancellationToken);
        _doubt = GenerationCheck.DoubtOf(storage.ReadGeneration(), _generation, storage.ListKeys().Any());

        // The doubt has to outlive this start: generations of the older copy would catch up with the note.
        storage.WriteGeneration(_doubt is null ? _generation : GenerationCheck.Unknown);
        if (!storage.Shares)
        {
            logger.LogWarning(
                "The file system of the storage has no hard links: equal videos are stored several times, and uploads "
                + "are copied when they are submitted");
        }
    }

    /// <summary>Looks through the storage and the jobs once.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        RemoveAbandoned();
        await segments.RunAsync(cancellationToken);
        await SweepArtifactsAsync(cancellationToken);
        RemoveUnshared();
        await FailWithoutVideoAsync(cancellationToken);
        await ReportWithoutResultsAsync(cancellationToken);
    }

    private void RemoveAbandoned()
    {
        var abandoned = storage.RemoveAbandoned();
        if (abandoned > 0)
        {
            logger.LogInformation(
                "Removed {Count} artifacts that were not complete when the last run ended", abandoned);
        }
    }

    private void RemoveUnshared()
    {
        // In doubt nothing is removed.
        if (_doubt is null && storage.RemoveUnshared() is > 0 and var unshared)
        {
            logger.LogInformation("Removed {Count} videos that no job has any more", unshared);
        }
    }

    private async Task SweepArtifactsAsync(CancellationToken cancellationToken)
    {
        var orphans = 0;
        var withJob = storage.ListKeys().Select(key => (Key: key, JobId: ArtifactKeys.JobOf(key)))
            .Where(artifact => artifact.JobId is not null);
        foreach (var batch in withJob.Chunk(options.Value.BatchSize))
        {
            cancellationToken.ThrowIfCancellationRequested();

            // Asked in this order: a job whose place is not kept any more was committed before, or never will be.
            var settled = batch.Where(artifact => !pending.IsReserved(artifact.JobId!.Value)).ToList();
            var known = await store.FindKnownAsync(
                [.. settled.Select(artifact => artifact.JobId!.Value).Distinct()], cancellationToken);
            foreach (var (key, _) in settled.Where(artifact => !known.Contains(artifact.JobId!.Value)))
            {
                orphans++;
                if (_doubt is null)
                {
                    storage.Delete(key);
                }
            }
        }

        Report(orphans);
    }

    private void Report(int orphans)
    {
        switch (orphans, _doubt)
        {
            case (0, null):
                break;
            case (0, _):
                // The database knows every job that there is something of: from now on it is the storage's own.
                storage.WriteGeneration(_generation!);
                break;
            case (_, null):
                logger.LogInformation("Removed {Count} artifacts that belong to no job", orphans);
                break;
            default:
                logger.LogWarning(
                    "{Count} artifacts belong to jobs that the database does not know, and {Doubt}: nothing is "
                    + "removed. \"JobService rebuild\" makes jobs of them; where they are rubbish, remove the files",
                    orphans, _doubt);
                break;
        }
    }

    /// <summary>A pending job whose video is gone can only fail, and is told so at once.</summary>
    private async Task FailWithoutVideoAsync(CancellationToken cancellationToken)
    {
        foreach (var jobId in pending.Ids.Where(jobId => !storage.Exists(ArtifactKeys.Video(jobId))))
        {
            try
            {
                await board.ChangeAsync(jobId, FailIfVideoIsGone, cancellationToken);
            }
            catch (TransitionRefusedException)
            {
                // A dispatcher has it already, and will find out as well.
            }
        }
    }

    private JobRecord FailIfVideoIsGone(JobRecord job)
    {
        if (storage.Exists(job.InputPath))
        {
            return job;
        }

        logger.LogWarning("The video of job {JobId} is gone from the storage; the job fails", job.JobId);
        var token = Guid.NewGuid();
        var now = time.GetUtcNow();
        var claimed = JobTransitions.Claim(job, token, now, TimeSpan.FromSeconds(1));
        var failure = new JobFailure(
            ErrorReason.VideoGone,
            "The video is gone from the storage, so that the job cannot run. Submit the video again.",
            new Dictionary<string, string> { ["key"] = job.InputPath });
        return JobTransitions.Fail(claimed, token, failure, now);
    }

    private async Task ReportWithoutResultsAsync(CancellationToken cancellationToken)
    {
        var (seen, missing) = (0, 0);
        JobPosition? position = null;
        while (seen < options.Value.CheckedResults)
        {
            var limit = Math.Min(options.Value.BatchSize, options.Value.CheckedResults - seen);
            var jobs = await store.ListAsync(new JobQuery(Completed, position, limit), cancellationToken);
            missing += jobs.Count(job => job.OutputPath is not { } key || !storage.Exists(key));
            seen += jobs.Count;
            if (jobs.Count < limit)
            {
                break;
            }

            position = new JobPosition(jobs[^1].CreatedAt, jobs[^1].JobId);
        }

        if (missing > 0)
        {
            logger.LogWarning(
                "{Missing} of the {Seen} newest completed jobs have no results in the storage any more", missing, seen);
        }
    }
}
