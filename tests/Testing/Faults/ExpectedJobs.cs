using System.Collections.Concurrent;
using ForegSyte.V1;

namespace ForegSyte.Testing.Faults;

/// <summary>A job with a small number of frames.</summary>
/// <param name="FrameStride">Analyze every n-th frame.</param>
/// <param name="MaxFrames">Number of analyzed frames.</param>
public sealed record JobRequest(int FrameStride, int MaxFrames)
{
    /// <summary>Different small jobs with three or four segments each.</summary>
    public static readonly IReadOnlyList<JobRequest> All = [new(12, 6), new(9, 7), new(5, 5)];

    /// <summary>URI of the video of all requests.</summary>
    public static string VideoUri { get; } = new Uri(RepositoryFiles.Pedestrians).AbsoluteUri;

    /// <summary>Frames per segment, so small that each job has several.</summary>
    public const int SegmentFrames = 2;

    /// <summary>The call that submits the job.</summary>
    public SubmitVideoRequest ToCall(Guid requestId) => new()
    {
        Uri = VideoUri,
        PipelineId = "detect_only",
        Options = new JobOptions { FrameStride = FrameStride, MaxFrames = MaxFrames },
        RequestId = requestId.ToString(),
    };
}

/// <summary>
/// The outcomes that the answers to the callers allow. A call without an answer has an unknown outcome and allows both.
/// </summary>
public sealed class ExpectedJobs
{
    private readonly ConcurrentDictionary<string, ExpectedJob> _jobs = new();
    private readonly ConcurrentDictionary<Guid, JobRequest> _unanswered = new();

    /// <summary>Acknowledged jobs.</summary>
    public IReadOnlyCollection<ExpectedJob> Jobs => [.. _jobs.Values];

    /// <summary>Submissions without an answer.</summary>
    public IReadOnlyDictionary<Guid, JobRequest> Unanswered => _unanswered;

    /// <summary>Records that a submission starts.</summary>
    public void Sending(Guid requestId, JobRequest request) => _unanswered[requestId] = request;

    /// <summary>Records that a submission was acknowledged.</summary>
    public ExpectedJob Acknowledged(Guid requestId, string jobId)
    {
        _unanswered.TryRemove(requestId, out var request);
        return _jobs.GetOrAdd(jobId, _ => new ExpectedJob(jobId, request!));
    }
}

/// <summary>A job and its allowed outcomes.</summary>
public sealed record ExpectedJob(string JobId, JobRequest Request)
{
    /// <summary>Whether it may be COMPLETED.</summary>
    public bool MayComplete { get; set; } = true;

    /// <summary>Whether it may be CANCELLED.</summary>
    public bool MayBeCancelled { get; set; }

    /// <summary>Whether it may be deleted.</summary>
    public bool MayBeDeleted { get; set; }

    /// <summary>Whether it must be deleted.</summary>
    public bool IsDeleted { get; set; }

    /// <summary>Maximum number of ends in the log: one, and one more per retry.</summary>
    public int MaxEnds { get; set; } = 1;

    /// <summary>CancelJob was sent.</summary>
    public void Cancelling() => MayBeCancelled = true;

    /// <summary>CancelJob was answered.</summary>
    public void Cancelled() => MayComplete = false;

    /// <summary>RetryJob was sent.</summary>
    public void Retrying()
    {
        MayComplete = true;
        MaxEnds++;
    }

    /// <summary>RetryJob was answered; the job is pending again.</summary>
    public void Retried() => MayBeCancelled = false;

    /// <summary>DeleteJob was sent.</summary>
    public void Deleting() => MayBeDeleted = true;

    /// <summary>DeleteJob was answered.</summary>
    public void Deleted() => IsDeleted = true;
}
