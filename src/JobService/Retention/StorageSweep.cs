using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Submission;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Retention;

/// <summary>
/// Reconciles storage and database after a start, in batches, while jobs run: deletes artifacts without a job, unless
/// the database may be an old copy, and fails pending jobs without a video.
/// </summary>
internal sealed class StorageSweep(
    IJobStore store,
    JobTracker board,
    PendingJobQuota quota,
    IStorage storage,
    SegmentSweep segments,
    IOptions<RetentionOptions> options,
    ILogger<StorageSweep> logger)
{
    private static readonly JobFilter Completed = JobFilterParser.Parse("status = COMPLETED");

    private StoreGeneration? _generation;
    private string? _mismatch;

    /// <summary>Whether the database was compared with the storage and has all of its jobs.</summary>
    private bool CanDelete => _generation is not null && _mismatch is null;

    /// <summary>
    /// Starts a generation of the database and compares it with the one that the storage recorded. Call it at start; a
    /// node that leads later does it at its first <see cref="RunAsync"/>.
    /// </summary>
    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        var generation = await store.BeginGenerationAsync(cancellationToken);
        var recorded = await storage.ReadGenerationAsync(cancellationToken);
        var mismatch = GenerationCheck.MismatchOf(
            recorded, generation, await storage.ListKeysAsync("", cancellationToken).AnyAsync(cancellationToken));

        // A mismatch must outlive this start: the generations of an old copy would catch up with the recorded one.
        await storage.WriteGenerationAsync(mismatch is null ? generation : GenerationCheck.Unknown, cancellationToken);

        // Last: after a failure before this line, nothing is deleted until the comparison is repeated.
        (_generation, _mismatch) = (generation, mismatch);
        if (!storage.Shares)
        {
            logger.LogWarning(
                "File system of the storage has no hard links: equal videos are stored more than once, and submitted "
                + "uploads are copied");
        }
    }

    /// <summary>Checks the storage and the jobs once.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (_generation is null)
        {
            await BeginAsync(cancellationToken);
        }

        await segments.RunAsync(cancellationToken);
        await SweepArtifactsAsync(cancellationToken);
        await RemoveUnusedAsync(cancellationToken);
        await FailWithoutVideoAsync(cancellationToken);
        await ReportWithoutResultsAsync(cancellationToken);
    }

    /// <summary>
    /// Deletes unfinished artifacts and unused videos. A storage of several JobServices gets them at any time, since
    /// others can die and do not free a video with its last job.
    /// </summary>
    public async Task RemoveUnusedAsync(CancellationToken cancellationToken)
    {
        var abandoned = await storage.RemoveAbandonedAsync(cancellationToken);
        if (abandoned > 0)
        {
            logger.LogInformation("Deleted {Count} unfinished artifacts of earlier runs", abandoned);
        }

        if (CanDelete && await storage.RemoveUnsharedAsync(cancellationToken) is > 0 and var unshared)
        {
            logger.LogInformation("Deleted {Count} unused shared videos", unshared);
        }
    }

    private async Task SweepArtifactsAsync(CancellationToken cancellationToken)
    {
        var orphans = 0;
        var withJob = storage.ListKeysAsync("", cancellationToken)
            .Select(artifact => (artifact.Key, JobId: ArtifactKeys.JobOf(artifact.Key)))
            .Where(artifact => artifact.JobId is not null);
        await foreach (var batch in withJob.Chunk(options.Value.BatchSize).WithCancellation(cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();

            // In this order: a job whose reservation is gone was committed before, or never will be.
            var settled = batch.Where(artifact => !quota.IsReserved(artifact.JobId!.Value)).ToList();
            var known = await store.FindKnownAsync(
                [.. settled.Select(artifact => artifact.JobId!.Value).Distinct()], cancellationToken);
            foreach (var (key, _) in settled.Where(artifact => !known.Contains(artifact.JobId!.Value)))
            {
                orphans++;
                if (CanDelete)
                {
                    await storage.DeleteAsync(key, cancellationToken);
                }
            }
        }

        await ReportAsync(orphans, cancellationToken);
    }

    private async Task ReportAsync(int orphans, CancellationToken cancellationToken)
    {
        switch (orphans, _mismatch)
        {
            case (0, null):
                break;
            case (0, _):
                // The database has all jobs of the storage: from now on they belong together.
                await storage.WriteGenerationAsync(_generation!, cancellationToken);
                _mismatch = null;
                break;
            case (_, null):
                logger.LogInformation("Deleted {Count} artifacts without a job", orphans);
                break;
            default:
                logger.LogWarning(
                    "Kept {Count} artifacts of jobs that are not in the database: {Mismatch}. Restore the newer "
                    + "database, or run \"JobService rebuild\" on an empty one to recreate the jobs, or delete the "
                    + "files",
                    orphans, _mismatch);
                break;
        }
    }

    /// <summary>A pending job without a video can only fail, so it fails now.</summary>
    private async Task FailWithoutVideoAsync(CancellationToken cancellationToken)
    {
        var unfinished = await store.ListUnfinishedAsync(cancellationToken);
        foreach (var job in unfinished.Where(job => job.Status == JobStatus.Pending))
        {
            if (await storage.ExistsAsync(job.InputPath, cancellationToken)
                || await store.FindAsync(job.JobId, cancellationToken) is not { Status: JobStatus.Pending })
            {
                continue;
            }

            try
            {
                await board.ChangeAsync(job.JobId, FailWithoutVideo, cancellationToken);
            }
            catch (TransitionRefusedException)
            {
                // A dispatcher claimed it and will fail it.
            }
        }
    }

    private JobRecord FailWithoutVideo(JobRecord job, DateTimeOffset now)
    {
        logger.LogWarning("Job {JobId} failed: its video is missing from the storage", job.JobId);
        var token = Guid.NewGuid();
        var claimed = JobTransitions.Claim(job, token, now, TimeSpan.FromSeconds(1));
        var failure = new JobFailure(
            ErrorReason.VideoGone,
            "The video is missing from the storage, so the job cannot run. Submit the video again.");
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
            foreach (var job in jobs)
            {
                var hasResults = job.OutputPath is { } key && await storage.ExistsAsync(key, cancellationToken);
                missing += hasResults ? 0 : 1;
            }

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
                "{Missing} of the {Seen} newest completed jobs have no results in the storage", missing, seen);
        }
    }
}

/// <summary>
/// Deletes segments of completed jobs, which a crash after the completion leaves. Segments of other jobs stay, since
/// the next attempt or RetryJob resumes from them.
/// </summary>
internal sealed class SegmentSweep(
    IJobStore store, IStorage storage, ISegmentStore segments, ILogger<SegmentSweep> logger)
{
    /// <summary>Checks the storage once. Jobs can run meanwhile: a completed job stays completed.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var removed = await segments.RemoveOrphansAsync(cancellationToken);
        var interim = await storage.ListKeysAsync("", cancellationToken)
            .Select(artifact => artifact.Key)
            .Where(ArtifactKeys.IsInterim)
            .ToListAsync(cancellationToken);
        foreach (var keys in interim.GroupBy(ArtifactKeys.JobOf))
        {
            if (await store.FindAsync(keys.Key!.Value, cancellationToken) is not { Status: JobStatus.Completed })
            {
                continue;
            }

            foreach (var key in keys)
            {
                removed += await storage.DeleteAsync(key, cancellationToken) ? 1 : 0;
            }
        }

        if (removed > 0)
        {
            logger.LogInformation("Deleted {Count} segments of completed jobs", removed);
        }
    }
}

/// <summary>
/// Decides whether the database can have lost jobs of the storage. Pure. Each start is a generation of the database,
/// and the storage records the latest one that used it.
/// </summary>
internal static class GenerationCheck
{
    /// <summary>Recorded while the storage has artifacts whose jobs are not in the database.</summary>
    public static StoreGeneration Unknown { get; } = new(Guid.Empty, 0);

    /// <summary>Why artifacts without a job must be kept; null if they can be deleted.</summary>
    /// <param name="recorded">The generation that the storage recorded; null if there is none.</param>
    /// <param name="current">The current generation.</param>
    /// <param name="hasArtifacts">Whether the storage has artifacts.</param>
    public static string? MismatchOf(StoreGeneration? recorded, StoreGeneration current, bool hasArtifacts) =>
        recorded switch
        {
            null when !hasArtifacts => null,
            null => "the storage was never used with this database",
            _ when recorded == Unknown => "an earlier start found artifacts without a job",
            _ when recorded.DatabaseId != current.DatabaseId => "the storage was last used with another database",
            _ when recorded.Generation >= current.Generation => "the database is an older copy",
            _ => null,
        };
}
