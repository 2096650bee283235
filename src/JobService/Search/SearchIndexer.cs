using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Metrics;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Search;

/// <summary>
/// Indexes the tracks of completed jobs in the background, one job at a time. Only the leader does; two leaders for a
/// moment are harmless, since the queue gives each job to one. The queue is in the database, so a crash only delays it.
/// </summary>
internal sealed class SearchIndexer(
    IJobStore store,
    ISearchStore search,
    ITrackSource source,
    ILeadership leadership,
    JobMetrics metrics,
    IOptions<SearchOptions> options,
    TimeProvider time,
    ILogger<SearchIndexer> logger) : BackgroundService
{
    /// <summary>Number of jobs in one read of the queue.</summary>
    private const int BatchSize = 100;

    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromHours(1);

    private readonly SemaphoreSlim _work = new(0, 1);
    private long _unindexed;

    /// <summary>Number of jobs that are not indexed, as last counted.</summary>
    public long Unindexed => Interlocked.Read(ref _unindexed);

    /// <inheritdoc />
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        store.Committed += OnCommitted;
        store.Changed += OnChanged;
        metrics.ObserveSearch(() => Unindexed);
        return base.StartAsync(cancellationToken);
    }

    /// <inheritdoc />
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        store.Committed -= OnCommitted;
        store.Changed -= OnChanged;
        await base.StopAsync(cancellationToken);
    }

    /// <summary>Indexes the jobs that are due, if this node leads; returns how many it took off the queue.</summary>
    public async Task<int> IndexDueAsync(CancellationToken cancellationToken)
    {
        var (indexed, isMore) = (0, true);
        while (isMore && leadership.IsLeader)
        {
            var before = indexed;
            var batch = await search.ListUnindexedAsync(store.Now, BatchSize, cancellationToken);
            foreach (var job in batch)
            {
                indexed += await TryIndexAsync(job, cancellationToken) ? 1 : 0;
            }

            isMore = batch.Count == BatchSize && indexed > before;
        }

        Interlocked.Exchange(ref _unindexed, await search.CountUnindexedAsync(cancellationToken));
        return indexed;
    }

    /// <inheritdoc />
    public override void Dispose()
    {
        base.Dispose();
        _work.Dispose();
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await IndexDueAsync(stoppingToken);
                await WaitForWorkAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                logger.LogRetry(failure, "Index of tracks failed; next try in {Interval}", options.Value.Interval);
                await Task.Delay(options.Value.Interval, time, stoppingToken)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>How long a job waits after a number of failures.</summary>
    internal static TimeSpan RetryDelay(TimeSpan first, int failures) =>
        first * Math.Pow(2, Math.Min(failures, 20)) is var delay && delay < MaxRetryDelay ? delay : MaxRetryDelay;

    private async Task<bool> TryIndexAsync(UnindexedJob job, CancellationToken cancellationToken)
    {
        try
        {
            return await IndexAsync(job.JobId, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception failure)
        {
            var delay = RetryDelay(options.Value.RetryDelay, job.Failures);
            logger.LogWarning(
                failure, "Tracks of job {JobId} not indexed, searches do not find them; next try in {Delay}",
                job.JobId, delay);
            await search.PostponeAsync(job.JobId, store.Now + delay, cancellationToken);
            return false;
        }
    }

    private async Task<bool> IndexAsync(Guid jobId, CancellationToken cancellationToken)
    {
        // A job that is deleted meanwhile leaves the queue by itself.
        if (await store.FindAsync(jobId, cancellationToken) is not { Status: JobStatus.Completed } job)
        {
            return false;
        }

        var tracks = new IndexedTracks(job, options.Value.MaxTracksOfJob);
        await foreach (var (found, text) in source.ReadAsync(job, cancellationToken))
        {
            if (found is not null)
            {
                tracks.Add(found);
            }
            else if (text is not null)
            {
                tracks.Add(text);
            }
        }

        if (tracks.Omitted > 0)
        {
            logger.LogWarning(
                "Job {JobId} has {Count} tracks more than Search:MaxTracksOfJob allows; searches do not find them",
                jobId, tracks.Omitted);
        }

        return await search.IndexAsync(tracks, cancellationToken);
    }

    private async Task WaitForWorkAsync(CancellationToken stoppingToken)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        var delay = Task.Delay(options.Value.Interval, time, timer.Token);
        var signal = _work.WaitAsync(timer.Token);
        await Task.WhenAny(delay, signal);
        await timer.CancelAsync();
        await Task.WhenAll(delay, signal).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stoppingToken.ThrowIfCancellationRequested();
    }

    private void OnCommitted(JobCommit commit)
    {
        if (commit.After?.Status == JobStatus.Completed && commit.Before?.Status != JobStatus.Completed)
        {
            Wake();
        }
    }

    private void OnChanged(JobChanges changes) => Wake();

    private void Wake()
    {
        try
        {
            _work.Release();
        }
        catch (SemaphoreFullException)
        {
            // The loop has not seen the last signal yet and will find this work too.
        }
        catch (ObjectDisposedException)
        {
            // The service has stopped; the queue keeps the job.
        }
    }
}
