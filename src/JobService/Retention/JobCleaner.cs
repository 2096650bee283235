using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Backups;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Submission;
using ForegSyte.Jobs.Uploads;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Retention;

/// <summary>When ended jobs are deleted. Section "Retention".</summary>
internal sealed class RetentionOptions
{
    public const string Section = "Retention";

    /// <summary>How long a job is kept after its end; 0 for no limit.</summary>
    /// <value>0 to 3650 days; 0 by default.</value>
    [TimeRange("00:00:00", "3650.00:00:00")]
    [Limit(
        "", "Retention of ended jobs, 0 for no limit; then they are deleted.",
        Reason = ErrorReason.JobNotFound)]
    public TimeSpan MaxAge { get; set; }

    /// <summary>
    /// Free space of the storage's disk in bytes below which ended jobs are deleted, oldest end first; 0 for never.
    /// </summary>
    /// <value>0 to 1 PiB; 0 by default.</value>
    [Range(0L, 1L << 50)]
    [Limit(
        "bytes", "Free space below which ended jobs are deleted, 0 for never.",
        Reason = ErrorReason.JobNotFound)]
    public long MinFreeBytes { get; set; }

    /// <summary>Interval of the cleaner.</summary>
    /// <value>100 ms to 1 day; 1 minute by default.</value>
    [TimeRange("00:00:00.100", "1.00:00:00")]
    public TimeSpan Interval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Maximum number of jobs in one batch of deletions or checks.</summary>
    /// <value>1 to 10000; 200 by default.</value>
    [Range(1, 10_000)]
    [Limit("jobs", "Jobs per batch of deletions.")]
    public int BatchSize { get; set; } = 200;

    /// <summary>Number of completed jobs, newest first, whose results are checked at start.</summary>
    /// <value>0 to 1000000; 10000 by default.</value>
    [Range(0, 1_000_000)]
    [Limit("jobs", "Newest completed jobs whose results are checked at start.")]
    public int CheckedResults { get; set; } = 10_000;

    /// <summary>
    /// Interval of the leader's sweeps of a storage that several JobServices share. Another storage is swept after each
    /// start.
    /// </summary>
    /// <value>10 minutes to 30 days; 6 hours by default.</value>
    [TimeRange("00:10:00", "30.00:00:00")]
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromHours(6);

    /// <summary>
    /// Age from which the sweep of several JobServices deletes artifacts that no job uses. It must exceed the time
    /// between the start of an artifact's upload and the change of its job.
    /// </summary>
    /// <value>1 hour to 30 days; 6 hours by default.</value>
    [TimeRange("01:00:00", "30.00:00:00")]
    public TimeSpan OrphanAge { get; set; } = TimeSpan.FromHours(6);
}

/// <summary>
/// Deletes in the background: ended jobs by age and by free disk space, artifacts of deleted jobs, expired uploads and
/// expired request ids; and, after a start and then now and then in a storage of several JobServices, artifacts that no
/// job uses. Only the leader does that, except for uploads, which each node deletes itself.
/// </summary>
internal sealed class JobCleaner(
    IJobStore store,
    ILeadership leadership,
    JobRemoval removal,
    StorageSweep sweep,
    IStorage storage,
    UploadStore uploads,
    DeletionHold hold,
    BackupFolder backups,
    IOptions<RetentionOptions> options,
    IOptions<SubmitOptions> submit,
    TimeProvider time,
    ILogger<JobCleaner> logger) : BackgroundService
{
    /// <summary>Number of jobs deleted between two checks of the free space.</summary>
    private const int SpaceBatch = 16;

    /// <summary>Later than any job's end, even if the clock was wrong.</summary>
    private static readonly DateTimeOffset EndOfTime = new(9999, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>When the leader swept last; null if this node has not swept since it leads.</summary>
    private long? _sweptAt;

    /// <inheritdoc />
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (leadership.IsLeader)
        {
            await sweep.BeginAsync(cancellationToken);
        }

        await base.StartAsync(cancellationToken);
    }

    /// <summary>Deletes everything that is due.</summary>
    public async Task CleanAsync(CancellationToken cancellationToken)
    {
        await RemoveExpiredUploadsAsync();
        if (!leadership.IsLeader)
        {
            return;
        }

        await FinishDeletionsAsync(cancellationToken);
        if (options.Value.MaxAge > TimeSpan.Zero)
        {
            await RemoveOldAsync(store.Now - options.Value.MaxAge, cancellationToken);
        }

        await FreeSpaceAsync(cancellationToken);
        await store.ForgetRequestIdsAsync(store.Now - submit.Value.RequestIdLifetime, cancellationToken);
    }

    /// <summary>Sweeps the storage if that is due.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        if (!leadership.IsLeader)
        {
            _sweptAt = null;
            sweep.Reset();
        }
        else if (_sweptAt is not { } sweptAt)
        {
            await sweep.RunAsync(cancellationToken);
            _sweptAt = time.GetTimestamp();
        }
        else if (storage.IsShared && time.GetElapsedTime(sweptAt) >= options.Value.SweepInterval)
        {
            await sweep.RepeatAsync(cancellationToken);
            _sweptAt = time.GetTimestamp();
        }
        else if (storage.IsShared)
        {
            await sweep.RemoveUnusedAsync(cancellationToken);
        }
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.Interval, time);
        do
        {
            try
            {
                await CleanAsync(stoppingToken);
                await SweepAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                logger.LogRetry(exception, "Cleanup failed; next try in {Interval}", options.Value.Interval);
            }
        }
        while (await WaitAsync(timer, stoppingToken));
    }

    private static async Task<bool> WaitAsync(PeriodicTimer timer, CancellationToken stoppingToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task RemoveExpiredUploadsAsync()
    {
        if (await uploads.RemoveExpiredAsync() is > 0 and var expired)
        {
            logger.LogInformation("Deleted {Count} expired uploads", expired);
        }
    }

    private async Task FinishDeletionsAsync(CancellationToken cancellationToken)
    {
        while (!hold.IsHeld
            && await store.ListDeletedAsync(options.Value.BatchSize, cancellationToken) is { Count: > 0 } deleted)
        {
            await removal.FinishAsync(deleted, cancellationToken);
        }
    }

    private async Task RemoveOldAsync(DateTimeOffset endedBefore, CancellationToken cancellationToken)
    {
        var removed = 0;
        while (true)
        {
            var ended = await store.ListEndedAsync(endedBefore, options.Value.BatchSize, cancellationToken);
            var now = await removal.DeleteTerminalAsync(ended, cancellationToken);
            removed += now;
            if (now == 0)
            {
                break;
            }
        }

        if (removed > 0)
        {
            logger.LogInformation("Deleted {Count} jobs that ended before {Time:O}", removed, endedBefore);
        }
    }

    private async Task FreeSpaceAsync(CancellationToken cancellationToken)
    {
        while (!hold.IsHeld && storage.FreeBytes() < options.Value.MinFreeBytes)
        {
            if (backups.HoldsFiles)
            {
                logger.LogWarning(
                    "Disk has {Free} free bytes, less than Retention:MinFreeBytes, but no job is deleted: backups in "
                    + "Backup:Directory keep the files. Move them to another disk", storage.FreeBytes());
                break;
            }

            var ended = await store.ListEndedAsync(EndOfTime, SpaceBatch, cancellationToken);
            var removed = await removal.DeleteTerminalAsync(ended, cancellationToken);
            if (removed == 0)
            {
                logger.LogWarning(
                    "Disk has {Free} free bytes, less than Retention:MinFreeBytes, and no ended job is left to delete",
                    storage.FreeBytes());
                break;
            }

            logger.LogInformation("Deleted {Count} jobs to free disk space", removed);
        }
    }
}
