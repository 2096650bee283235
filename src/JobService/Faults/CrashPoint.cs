namespace ForegSyte.Jobs.Faults;

/// <summary>
/// The places on a job's way between two durable steps, at which the fault suite ends the process. They are named so
/// that a fault can be repeated.
/// </summary>
internal enum CrashPoint
{
    /// <summary>The video is written to its temporary file; nobody sees it yet.</summary>
    VideoWritten,

    /// <summary>The video is stored; the job is not.</summary>
    VideoStored,

    /// <summary>A transaction's statements ran; it is not committed.</summary>
    CommitBegun,

    /// <summary>A transaction is committed; nobody was told.</summary>
    CommitDone,

    /// <summary>The job is stored and queued; it is not acknowledged.</summary>
    JobQueued,

    /// <summary>A dispatcher holds the job; nothing was done for it.</summary>
    JobClaimed,

    /// <summary>The video was probed and its segments are planned.</summary>
    JobPlanned,

    /// <summary>A segment's results came; they are not stored.</summary>
    SegmentReturned,

    /// <summary>A segment's results are stored; nothing else knows.</summary>
    SegmentStored,

    /// <summary>The results document is written to its temporary file; nobody sees it yet.</summary>
    ResultsWritten,

    /// <summary>The results document is stored; the job is still running.</summary>
    ResultsStored,

    /// <summary>The copy of the job beside its results is stored; the job is still running.</summary>
    SidecarStored,

    /// <summary>The job is completed; its segments are still there.</summary>
    JobCompleted,

    /// <summary>The job's segments are removed.</summary>
    SegmentsRemoved,

    /// <summary>The job is cancelled; the caller was not told.</summary>
    JobCancelled,

    /// <summary>A failed or cancelled job is pending again; the caller was not told.</summary>
    JobRetried,

    /// <summary>The job's row is gone; its artifacts are still there.</summary>
    JobDeleted,

    /// <summary>The deleted job's artifacts are gone; that they were to be removed is still noted.</summary>
    ArtifactsDeleted,

    /// <summary>An upload is created; the caller was not told.</summary>
    UploadCreated,

    /// <summary>The bytes of a part are written; that they are there is not noted.</summary>
    PartWritten,

    /// <summary>A part is written and noted; it is not acknowledged.</summary>
    PartNoted,

    /// <summary>The job of an upload is stored and the upload is removed; the job is not acknowledged.</summary>
    UploadRemoved,
}
