using System.ComponentModel.DataAnnotations;
using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Faults;

/// <summary>Faults that the process injects into itself, for the fault tests. Section "Faults".</summary>
internal sealed class FaultOptions
{
    public const string Section = "Faults";

    /// <summary>Where the process kills itself.</summary>
    /// <value>Nowhere by default.</value>
    [EnumDataType(typeof(CrashPoint))]
    public CrashPoint? CrashAt { get; set; }

    /// <summary>At which passing of <see cref="CrashAt"/> it does so.</summary>
    /// <value>1 to 1000000; 1 by default.</value>
    [Range(1, 1_000_000)]
    public int CrashAtPassing { get; set; } = 1;
}

/// <summary>
/// Kills the process (SIGKILL: nothing is flushed, no handler runs) at the point that the options name. Without one,
/// passing a point costs a comparison.
/// </summary>
internal sealed class CrashPoints
{
    private readonly CrashPoint? _crashAt;
    private int _passingsLeft;

    public CrashPoints(IOptions<FaultOptions> options, ILogger<CrashPoints> logger)
    {
        _crashAt = options.Value.CrashAt;
        _passingsLeft = options.Value.CrashAtPassing;
        if (_crashAt is { } point)
        {
            logger.LogWarning("Process will kill itself at {Point}, passing {Passing}", point, _passingsLeft);
        }
    }

    /// <summary>Crash points that never kill the process.</summary>
    public static CrashPoints None { get; } =
        new(Options.Create(new FaultOptions()), NullLogger<CrashPoints>.Instance);

    /// <summary>Kills the process if this is the passing that the options name.</summary>
    public void Pass(CrashPoint point)
    {
        if (point == _crashAt && Interlocked.Decrement(ref _passingsLeft) == 0)
        {
            using var self = Process.GetCurrentProcess();
            self.Kill();
        }
    }
}

/// <summary>A named point between two durable steps of a job, at which the fault tests kill the process.</summary>
internal enum CrashPoint
{
    /// <summary>The video is in its temporary file, not committed.</summary>
    VideoWritten,

    /// <summary>The video is stored; the job is not.</summary>
    VideoStored,

    /// <summary>The statements of a transaction ran; it is not committed.</summary>
    CommitBegun,

    /// <summary>A transaction is committed; its callers do not know.</summary>
    CommitDone,

    /// <summary>The job is stored and queued; the call has not returned.</summary>
    JobQueued,

    /// <summary>A dispatcher claimed the job and did nothing for it.</summary>
    JobClaimed,

    /// <summary>The video was probed and its segments are planned.</summary>
    JobPlanned,

    /// <summary>A segment's results arrived; they are not stored.</summary>
    SegmentReturned,

    /// <summary>A segment's results are stored; the job does not know.</summary>
    SegmentStored,

    /// <summary>The tracks of a job are followed to the end; nothing of its results is written.</summary>
    TracksFollowed,

    /// <summary>The results document is in its temporary file, not committed.</summary>
    ResultsWritten,

    /// <summary>The tracks document is stored; the results document is not.</summary>
    TracksStored,

    /// <summary>The results document is stored; the job is still running.</summary>
    ResultsStored,

    /// <summary>The job's manifest is stored; the job is still running.</summary>
    ManifestStored,

    /// <summary>The job is completed; its segments still exist.</summary>
    JobCompleted,

    /// <summary>The job's segments are deleted.</summary>
    SegmentsRemoved,

    /// <summary>The job is cancelled; the call has not returned.</summary>
    JobCancelled,

    /// <summary>A failed or cancelled job is pending again; the call has not returned.</summary>
    JobRetried,

    /// <summary>The job's row is deleted; its artifacts still exist.</summary>
    JobDeleted,

    /// <summary>The deleted job's artifacts are deleted; its tombstone still exists.</summary>
    ArtifactsDeleted,

    /// <summary>An upload is created; the call has not returned.</summary>
    UploadCreated,

    /// <summary>The bytes of a part are written; the upload does not record them yet.</summary>
    PartWritten,

    /// <summary>A part is written and recorded; the call has not returned.</summary>
    PartRecorded,

    /// <summary>The job of an upload is stored and the upload is deleted; the call has not returned.</summary>
    UploadRemoved,

    /// <summary>A message to a webhook is claimed; it is not sent.</summary>
    WebhookClaimed,

    /// <summary>A message to a webhook was sent and answered; its outcome is not recorded.</summary>
    WebhookSent,

    /// <summary>The outcome of a message to a webhook is recorded.</summary>
    WebhookRecorded,
}
