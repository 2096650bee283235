using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Submission;
using ForegSyte.Jobs.Uploads;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Retention;

/// <summary>
/// Removes what is no longer wanted, in the background: terminal jobs by age and by free disk space, what is left of
/// deleted ones, uploads that nobody goes on with, request ids whose time is over; and after a start, what belongs to
/// nothing.
/// </summary>
internal sealed class JobCleaner(
    IJobStore store,
    JobRemoval removal,
    StorageSweep sweep,
    IStorage storage,
    UploadStore uploads,
    IOptions<RetentionOptions> options,
    IOptions<SubmitOptions> submit,
    TimeProvider time,
    ILogger<JobCleaner> logger) : BackgroundService
{
    /// <summary>Jobs that are removed between two looks at the free space.</summary>
    private const int SpaceBatch = 16;

    /// <summary>After every job's end, whatever the clock says.</summary>
    private static readonly DateTimeOffset EndOfTime = new(9999, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <inheritdoc />
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await sweep.BeginAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    /// <summary>Removes all that is due now.</summary>
    public async Task CleanAsync(CancellationToken cancellationToken)
    {
        await FinishDeletionsAsync(cancellationToken);
        if (options.Value.MaxAge > TimeSpan.Zero)
        {
            await RemoveOldAsync(time.GetUtcNow() - options.Value.MaxAge, cancellationToken);
        }

        RemoveExpiredUploads();
        await FreeSpaceAsync(cancellationToken);
        await store.ForgetRequestIdsAsync(time.GetUtcNow() - submit.Value.RequestIdLifetime, cancellationToken);
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var isSwept = false;
        using var timer = new PeriodicTimer(options.Value.Interval, time);
        do
        {
            try
            {
                await CleanAsync(stoppingToken);
                if (!isSwept)
                {
                    await sweep.RunAsync(stoppingToken);
                    isSwept = true;
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                logger.LogError(exception, "Cleaning failed; trying again in {Interval}", options.Value.Interval);
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

    private void RemoveExpiredUploads()
    {
        if (uploads.RemoveExpired() is > 0 and var expired)
        {
            logger.LogInformation("Removed {Count} uploads to which nothing came any more", expired);
        }
    }

    private async Task FinishDeletionsAsync(CancellationToken cancellationToken)
    {
        while (await store.ListDeletedAsync(options.Value.BatchSize, cancellationToken) is { Count: > 0 } deleted)
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
            logger.LogInformation("Removed {Count} jobs that ended before {Time:O}", removed, endedBefore);
        }
    }

    private async Task FreeSpaceAsync(CancellationToken cancellationToken)
    {
        while (storage.FreeBytes() < options.Value.MinFreeBytes)
        {
            var ended = await store.ListEndedAsync(EndOfTime, SpaceBatch, cancellationToken);
            var removed = await removal.DeleteTerminalAsync(ended, cancellationToken);
            if (removed == 0)
            {
                logger.LogWarning(
                    "The disk has {Free} bytes left, less than Retention:MinFreeBytes, and no terminal job is left to "
                    + "remove", storage.FreeBytes());
                break;
            }

            logger.LogInformation("Removed {Count} jobs to free space on the disk", removed);
        }
    }
}
