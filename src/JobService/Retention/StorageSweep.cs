using System.Collections.Concurrent;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Submission;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Retention;

/// <summary>
/// Reconciles storage and database after a start, in batches, while jobs run: deletes artifacts that no job uses,
/// unless the database may be an old copy, and fails pending jobs without a video. If other nodes can write, artifacts
/// stay until they are old, since their jobs may not be in the database yet.
/// </summary>
internal sealed class StorageSweep(
    IJobStore store,
    JobTracker board,
    PendingJobQuota quota,
    IStorage storage,
    SegmentSweep segments,
    DeletionHold hold,
    IOptions<RetentionOptions> options,
    ILogger<StorageSweep> logger)
{
    /// <summary>Number of videos that are looked for at the same time.</summary>
    private const int ParallelChecks = 16;

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
        Reset();
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

    /// <summary>Forgets the comparison, because the database can be another one when this node leads again.</summary>
    public void Reset() => (_generation, _mismatch) = (null, null);

    /// <summary>Checks the storage and the jobs once.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (_generation is null)
        {
            await BeginAsync(cancellationToken);
        }

        await SweepAsync(cancellationToken);
        await FailWithoutVideoAsync(cancellationToken);
        await ReportWithoutResultsAsync(cancellationToken);
    }

    /// <summary>Deletes again what no job uses, after a new comparison of database and storage.</summary>
    public async Task RepeatAsync(CancellationToken cancellationToken)
    {
        await BeginAsync(cancellationToken);
        await SweepAsync(cancellationToken);
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

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        await segments.RunAsync(cancellationToken);
        await SweepArtifactsAsync(cancellationToken);
        await RemoveUnusedAsync(cancellationToken);
    }

    private async Task SweepArtifactsAsync(CancellationToken cancellationToken)
    {
        var (orphans, deleted) = (0, 0);
        var writtenBefore = store.IsShared || storage.IsShared
            ? store.Now - options.Value.OrphanAge
            : DateTimeOffset.MaxValue;
        var withJob = storage.ListKeysAsync("", cancellationToken)
            .Where(artifact => ArtifactKeys.JobOf(artifact.Key) is not null);
        await foreach (var batch in withJob.Chunk(options.Value.BatchSize).WithCancellation(cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();

            // In this order: a job whose reservation is gone was committed before, or never will be.
            var settled = batch.Where(artifact => !quota.IsReserved(JobOf(artifact))).ToList();
            var known = await store.FindKnownAsync([.. settled.Select(JobOf).Distinct()], cancellationToken);
            var withoutJob = settled.Where(artifact => !known.Contains(JobOf(artifact))).ToList();
            orphans += withoutJob.Count;
            if (CanDelete && !hold.IsHeld)
            {
                var old = settled.Where(artifact => artifact.ModifiedAt < writtenBefore).ToList();
                var lost = await FindLostResultsAsync(old.Except(withoutJob), cancellationToken);
                foreach (var artifact in old.Intersect(withoutJob).Concat(lost))
                {
                    deleted += await storage.DeleteAsync(artifact.Key, cancellationToken) ? 1 : 0;
                }
            }
        }

        await ReportAsync(orphans, deleted, cancellationToken);
    }

    /// <summary>
    /// Those of the artifacts that an attempt wrote which lost its lease, in a storage of several JobServices: results
    /// that the job has not published and that its present attempt cannot publish.
    /// </summary>
    private async Task<IEnumerable<StoredArtifact>> FindLostResultsAsync(
        IEnumerable<StoredArtifact> artifacts, CancellationToken cancellationToken)
    {
        if (!storage.IsShared)
        {
            return [];
        }

        var results = artifacts.Where(artifact => ArtifactKeys.IsOfResults(artifact.Key)).ToList();

        // Concurrently, so that they share queries.
        var jobs = await Task.WhenAll(results.Select(JobOf).Distinct().Select(
            jobId => store.FindAsync(jobId, cancellationToken).AsTask()));
        var used = jobs.OfType<JobRecord>().ToDictionary(job => job.JobId, ArtifactKeys.UsedResults);
        return results.Where(artifact => used.TryGetValue(JobOf(artifact), out var keys)
            && !keys.Contains(artifact.Key));
    }

    private static Guid JobOf(StoredArtifact artifact) => ArtifactKeys.JobOf(artifact.Key)!.Value;

    private async Task ReportAsync(int orphans, int deleted, CancellationToken cancellationToken)
    {
        switch (orphans, _mismatch)
        {
            case (0, not null):
                // The database has all jobs of the storage: from now on they belong together.
                await storage.WriteGenerationAsync(_generation!, cancellationToken);
                _mismatch = null;
                break;
            case (_, null) when deleted > 0:
                logger.LogInformation("Deleted {Count} artifacts that no job uses", deleted);
                break;
            case (_, null):
                break;
            default:
                logger.LogWarning(
                    "Kept {Count} artifacts of jobs that are not in the database: {Mismatch}. Restore the newer "
                    + "database, or run \"ForegSyte.JobService rebuild\" on an empty one to recreate the jobs, or "
                    + "delete the files",
                    orphans, _mismatch);
                break;
        }
    }

    /// <summary>A pending job without a video can only fail, so it fails now.</summary>
    private async Task FailWithoutVideoAsync(CancellationToken cancellationToken)
    {
        var pending = (await store.ListUnfinishedAsync(cancellationToken))
            .Where(job => job.Status == JobStatus.Pending);
        foreach (var batch in pending.Chunk(options.Value.BatchSize))
        {
            var failures = new ConcurrentQueue<Exception>();
            await Parallel.ForEachAsync(
                batch,
                new ParallelOptions { MaxDegreeOfParallelism = ParallelChecks, CancellationToken = cancellationToken },
                async (job, token) =>
                {
                    try
                    {
                        await FailWithoutVideoAsync(job, token);
                    }
                    catch (Exception failure) when (failure is ServiceException or IOException)
                    {
                        failures.Enqueue(failure);
                    }
                });
            if (failures.TryPeek(out var first))
            {
                logger.LogWarning(
                    first,
                    "Could not check whether {Count} pending jobs have a video; a job without one fails when it runs",
                    failures.Count);
            }

            if (failures.Count == batch.Length)
            {
                // The storage is away: more checks would only wait for it.
                break;
            }
        }
    }

    private async Task FailWithoutVideoAsync(JobRecord job, CancellationToken cancellationToken)
    {
        if (await storage.ExistsAsync(job.InputPath, cancellationToken)
            || await store.FindAsync(job.JobId, cancellationToken) is not { Status: JobStatus.Pending })
        {
            return;
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
