using ForegSyte.Inference.V1;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Storage;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Knows the jobs whose stored video no InferenceService can read, for example because the data folder was moved. From
/// the first such failure on, each job is probed before its claim, so that waiting uses up no attempt; the first video
/// that can be read ends that.
/// </summary>
internal sealed class StorageAccess
{
    /// <summary>Time between two probes on average, however many jobs wait.</summary>
    private static readonly TimeSpan ProbeSpacing = TimeSpan.FromMilliseconds(20);

    private readonly Lock _lock = new();
    private readonly IInferenceClient _inference;
    private readonly IStorage _storage;
    private readonly JobTracker _tracker;
    private readonly InferenceOptions _options;
    private readonly ILogger _logger;
    private readonly Dictionary<Guid, JobFailure> _waiting = [];
    private bool _isUnreadable;

    public StorageAccess(
        IInferenceClient inference, IStorage storage, JobTracker tracker, IJobStore store,
        IOptions<InferenceOptions> options, ILogger<StorageAccess> logger)
    {
        (_inference, _storage, _tracker) = (inference, storage, tracker);
        (_options, _logger) = (options.Value, logger);
        store.Committed += OnCommitted;
        store.Changed += OnChanged;
    }

    /// <summary>Raised with the jobs that waited when a video can be read again.</summary>
    public event Action<IReadOnlyList<Guid>>? ReadableAgain;

    /// <summary>Whether each job is probed before its claim.</summary>
    public bool IsUnreadable
    {
        get
        {
            lock (_lock)
            {
                return _isUnreadable;
            }
        }
    }

    /// <summary>Why the job waits: what the InferenceService said; null if it does not wait for the storage.</summary>
    public JobFailure? WaitOf(Guid jobId)
    {
        lock (_lock)
        {
            return _waiting.GetValueOrDefault(jobId);
        }
    }

    /// <summary>Records that no InferenceService could read the job's video, which exists. Logs it once.</summary>
    public void ReportUnreadable(JobRecord job, JobFailure failure)
    {
        bool isFirst;
        lock (_lock)
        {
            _waiting[job.JobId] = failure;
            isFirst = !_isUnreadable;
            _isUnreadable = true;
        }

        if (isFirst)
        {
            if (_storage.Folder is { } folder)
            {
                _logger.LogWarning(
                    "Jobs wait: no InferenceService can read the videos of this JobService, for example {Video} "
                    + "({Reason}). Add their folder to the option Video:AllowedRoots of the InferenceService",
                    Path.Combine(folder, job.InputPath), failure.Reason.ToText());
            }
            else
            {
                _logger.LogWarning(
                    "Jobs wait: no InferenceService can read the videos in the bucket, for example {Video} ({Reason}: "
                    + "{Message}). Add the host and port of S3:Endpoint to the option Video:AllowedHosts of the "
                    + "InferenceService; an endpoint without TLS also needs Video:AllowHttp=true",
                    job.InputPath, failure.Reason.ToText(), failure.Message);
            }
        }
    }

    /// <summary>
    /// Null if the job can start now; otherwise how long it waits, at least
    /// <see cref="InferenceOptions.UnreadableRetryDelay"/>.
    /// </summary>
    public async Task<TimeSpan?> DelayOfAsync(Guid jobId, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_isUnreadable)
            {
                return null;
            }
        }

        // An attempt finds out about everything but an unreadable storage, and records it.
        if (await _tracker.FindAsync(jobId, cancellationToken) is not { Status: JobStatus.Pending } job
            || !await _storage.ExistsAsync(job.InputPath, cancellationToken))
        {
            return null;
        }

        try
        {
            var video = await _storage.GrantReadAsync(job.InputPath, _options.ProbeTimeout, cancellationToken);
            await _inference.ProbeAsync(
                new ProbeVideoRequest { Video = video.ToSource(job.VideoBytes) }, cancellationToken);
        }
        catch (InferenceFailedException failed) when (InferenceFailures.IsUnreadable(failed.Failure.Reason))
        {
            ReportUnreadable(job, failed.Failure);
            return Delay();
        }
        catch (InferenceFailedException)
        {
            return null;
        }

        ReportReadable();
        return null;
    }

    private void ReportReadable()
    {
        List<Guid> waiting;
        lock (_lock)
        {
            if (!_isUnreadable)
            {
                return;
            }

            _isUnreadable = false;
            waiting = [.. _waiting.Keys];
            _waiting.Clear();
        }

        _logger.LogInformation("The InferenceServices read the videos again; {Count} jobs waited", waiting.Count);
        ReadableAgain?.Invoke(waiting);
    }

    private TimeSpan Delay()
    {
        lock (_lock)
        {
            var spaced = ProbeSpacing * _waiting.Count;
            return spaced > _options.UnreadableRetryDelay ? spaced : _options.UnreadableRetryDelay;
        }
    }

    /// <summary>A job that starts, ends or is deleted waits no longer.</summary>
    private void OnCommitted(JobCommit commit)
    {
        if (commit.After is not { Status: JobStatus.Pending })
        {
            lock (_lock)
            {
                _waiting.Remove(commit.JobId);
            }
        }
    }

    /// <summary>A job that another node changed does not wait here; its next attempt here finds out again.</summary>
    private void OnChanged(JobChanges changes)
    {
        lock (_lock)
        {
            foreach (var jobId in changes.JobIds ?? (IEnumerable<Guid>)[.. _waiting.Keys])
            {
                _waiting.Remove(jobId);
            }
        }
    }
}
