using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Jobs.Storage;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tracks;

/// <summary>How many jobs' tracks are kept ready for readers. Section "Tracks".</summary>
internal sealed class LiveTracksOptions
{
    public const string Section = "Tracks";

    /// <summary>
    /// Maximum number of jobs that are not completed and whose tracks are kept for the next page. Those of another job
    /// are followed again from its segments.
    /// </summary>
    /// <value>1 to 1000; 16 by default.</value>
    [Range(1, 1_000)]
    public int MaxLiveJobs { get; set; } = 16;

    /// <summary>How long they are kept after the last page.</summary>
    /// <value>1 s to 1 day; 10 min by default.</value>
    [TimeRange("00:00:01", "1.00:00:00")]
    public TimeSpan MaxIdleTime { get; set; } = TimeSpan.FromMinutes(10);
}

/// <summary>
/// The tracks of jobs that are not completed, for readers: those of the finished segments, up to the first unfinished
/// one. They are followed on when a reader asks and new segments are there. Any node can do it, from the segments
/// alone. The least recently read job is dropped first. Thread-safe.
/// </summary>
internal sealed class LiveTracks : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly ISegmentStore _segments;
    private readonly IStorage _storage;
    private readonly TimeProvider _time;
    private readonly LiveTracksOptions _options;
    private readonly ILogger<LiveTracks> _logger;
    private readonly ITimer _timer;

    // The most recently read job is the last one.
    private readonly List<Entry> _entries = [];

    public LiveTracks(
        IJobStore store, ISegmentStore segments, IStorage storage, IOptions<LiveTracksOptions> options,
        TimeProvider time, ILogger<LiveTracks> logger)
    {
        (_segments, _storage, _time, _options, _logger) = (segments, storage, time, options.Value, logger);
        store.Committed += OnCommitted;
        _timer = time.CreateTimer(
            _ => Drop(entry => time.GetElapsedTime(entry.ReadAt) >= _options.MaxIdleTime), null,
            _options.MaxIdleTime, _options.MaxIdleTime);
    }

    /// <summary>
    /// Follows the tracks of a job up to its first unfinished segment and reads from them. Nobody else reads or follows
    /// them meanwhile.
    /// </summary>
    /// <param name="job">A job that is not completed.</param>
    /// <param name="read">Reads; it is not called if no segment is finished.</param>
    /// <param name="cancellationToken">Cancels the call; what was followed stays.</param>
    /// <exception cref="Hosting.Errors.ServiceException">STORAGE_FULL.</exception>
    public async Task<LivePage<T>> ReadAsync<T>(
        JobRecord job, Func<JobTracks, Task<T>> read, CancellationToken cancellationToken)
    {
        if (job.Video is not { } video
            || await _segments.FindAsync(job.JobId, cancellationToken) is not { } finished)
        {
            return new LivePage<T>(default, EndFrame: 0, IsShort: job.FramesDone > 0);
        }

        while (true)
        {
            var entry = Enter(job.JobId);
            await entry.Gate.WaitAsync(cancellationToken);
            try
            {
                if (entry.IsDropped)
                {
                    continue;
                }

                var isShort = await FollowAsync(entry, job, video, finished, cancellationToken);
                var tracks = entry.Tracks!;
                var endFrame = finished.EndFrameOf(tracks.IsDone ? finished.PrefixCount : tracks.SegmentCount);
                return new LivePage<T>(await read(tracks), endFrame, isShort);
            }
            finally
            {
                entry.Gate.Release();
            }
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        foreach (var entry in Take(_ => true))
        {
            await DisposeAsync(entry);
        }
    }

    /// <summary>Adds the finished segments; true if one of them cannot be read, or will run again.</summary>
    private async Task<bool> FollowAsync(
        Entry entry, JobRecord job, VideoInfo video, FinishedSegments finished, CancellationToken cancellationToken)
    {
        if (entry.Tracks is null || !entry.Fits(job, finished))
        {
            await entry.ResetAsync(new JobTracks(job, video, _storage, keepsFrames: false), job.ForgivenAttempts);
        }

        var tracks = entry.Tracks!;
        while (tracks.SegmentCount < finished.PrefixCount && !tracks.IsDone)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var number = tracks.SegmentCount;
            if (await _segments.ReadStoredAsync(job.JobId, finished[number], job.FrameStride, cancellationToken)
                is not { } stored)
            {
                finished.MarkMissing(number);
                return true;
            }

            if (!job.IsTerminal && !stored.IsFinished(job))
            {
                // RetryJob: the next attempt runs this segment again.
                return true;
            }

            try
            {
                // A cancelled page must not cost the next one what it followed; one segment takes a bounded time.
                await tracks.AddAsync(finished[number], stored.Response, CancellationToken.None);
                entry.EndFrame = finished.EndFrameOf(tracks.SegmentCount);
            }
            catch
            {
                await entry.ResetAsync(null, 0);
                throw;
            }
        }

        return false;
    }

    /// <summary>The entry of a job, which is now the most recently read one.</summary>
    private Entry Enter(Guid jobId)
    {
        Entry entered;
        List<Entry> dropped = [];
        lock (_lock)
        {
            entered = _entries.Find(entry => entry.JobId == jobId) ?? new Entry(jobId);
            entered.ReadAt = _time.GetTimestamp();
            _entries.Remove(entered);
            _entries.Add(entered);
            while (_entries.Count > _options.MaxLiveJobs)
            {
                dropped.Add(_entries[0]);
                _entries.RemoveAt(0);
            }
        }

        dropped.ForEach(entry => _ = DisposeAsync(entry));
        return entered;
    }

    /// <summary>Nobody asks for the live tracks of a job that is completed or deleted.</summary>
    private void OnCommitted(JobCommit commit)
    {
        if (commit.After is null or { Status: JobStatus.Completed })
        {
            Drop(entry => entry.JobId == commit.JobId);
        }
    }

    private void Drop(Predicate<Entry> condition) => Take(condition).ForEach(entry => _ = DisposeAsync(entry));

    private List<Entry> Take(Predicate<Entry> condition)
    {
        lock (_lock)
        {
            var taken = _entries.FindAll(condition);
            _entries.RemoveAll(condition);
            return taken;
        }
    }

    private async Task DisposeAsync(Entry entry)
    {
        await entry.Gate.WaitAsync();
        try
        {
            entry.IsDropped = true;
            await entry.ResetAsync(null, 0);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _logger.LogWarning(
                failure, "Temporary tracks of job {JobId} not deleted; the next start deletes them", entry.JobId);
        }
        finally
        {
            entry.Gate.Release();
        }
    }

    /// <summary>The tracks of a job.</summary>
    private sealed class Entry(Guid jobId)
    {
        private int _forgivenAttempts;

        public Guid JobId => jobId;

        /// <summary>Held by who reads or changes the tracks.</summary>
        public SemaphoreSlim Gate { get; } = new(1, 1);

        public JobTracks? Tracks { get; private set; }

        /// <summary>Index after the last frame of the segments that were added.</summary>
        public int EndFrame { get; set; }

        public long ReadAt { get; set; }

        public bool IsDropped { get; set; }

        /// <summary>
        /// Whether the tracks are of the same plan, and of the same segments: RetryJob can run some of them again.
        /// </summary>
        public bool Fits(JobRecord job, FinishedSegments finished) =>
            _forgivenAttempts == job.ForgivenAttempts
            && Tracks!.SegmentCount <= finished.Count
            && EndFrame == finished.EndFrameOf(Tracks.SegmentCount);

        public async Task ResetAsync(JobTracks? tracks, int forgivenAttempts)
        {
            var old = Tracks;
            (Tracks, EndFrame, _forgivenAttempts) = (tracks, 0, forgivenAttempts);
            if (old is not null)
            {
                await old.DisposeAsync();
            }
        }
    }
}

/// <summary>What was read of the tracks of a job that is not completed.</summary>
/// <param name="Result">What was read; the default if no segment is finished.</param>
/// <param name="EndFrame">Index after the last frame with finished results.</param>
/// <param name="IsShort">
/// Whether a stored segment is left out: the job was completed or deleted meanwhile, or the segment is damaged or will
/// run again after RetryJob.
/// </param>
internal readonly record struct LivePage<T>(T? Result, int EndFrame, bool IsShort);
