using ForegSyte.Inference.V1;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// Stores the plans and the finished segments of jobs that are not completed. The plan is stored before the first
/// segment.
/// </summary>
internal interface ISegmentStore
{
    /// <summary>Stores the plan of a job; call it before the first segment is stored.</summary>
    /// <param name="jobId">The job.</param>
    /// <param name="leaseToken">The lease of the attempt.</param>
    /// <param name="plan">Adjacent segments in ascending order, starting at frame 0.</param>
    /// <param name="cancellationToken">Cancels a write that is not durable yet.</param>
    /// <exception cref="TransitionRefusedException">The job's lease is not the attempt's any more.</exception>
    Task StorePlanAsync(
        Guid jobId, Guid leaseToken, IReadOnlyList<Segment> plan, CancellationToken cancellationToken);

    /// <summary>The plan of a job; null if it is missing or damaged.</summary>
    ValueTask<IReadOnlyList<Segment>?> ReadPlanAsync(Guid jobId, CancellationToken cancellationToken);

    /// <summary>Replaces the plan of a job by its first segments and deletes the others.</summary>
    /// <param name="jobId">The job.</param>
    /// <param name="leaseToken">The lease of the attempt.</param>
    /// <param name="plan">The stored plan.</param>
    /// <param name="length">Number of segments to keep.</param>
    /// <param name="cancellationToken">Cancels a write that is not durable yet.</param>
    /// <exception cref="TransitionRefusedException">The job's lease is not the attempt's any more.</exception>
    Task ShortenPlanAsync(
        Guid jobId, Guid leaseToken, IReadOnlyList<Segment> plan, int length, CancellationToken cancellationToken);

    /// <summary>Stores the response for a segment and returns when it is durable.</summary>
    /// <param name="jobId">The job.</param>
    /// <param name="leaseToken">The lease of the attempt.</param>
    /// <param name="segment">A segment of the job's plan.</param>
    /// <param name="attempt">Number of the attempt that ran it.</param>
    /// <param name="response">The response.</param>
    /// <param name="cancellationToken">Cancels a write that is not durable yet.</param>
    /// <exception cref="TransitionRefusedException">The job's lease is not the attempt's any more.</exception>
    Task StoreAsync(
        Guid jobId, Guid leaseToken, Segment segment, int attempt, RunPipelineResponse response,
        CancellationToken cancellationToken);

    /// <summary>The response for a segment of the job's plan; null if it is missing or damaged.</summary>
    ValueTask<RunPipelineResponse?> ReadAsync(
        Guid jobId, Segment segment, int frameStride, CancellationToken cancellationToken);

    /// <summary>A segment with the number of its attempt; null if it is missing or damaged.</summary>
    ValueTask<StoredSegment?> ReadStoredAsync(
        Guid jobId, Segment segment, int frameStride, CancellationToken cancellationToken);

    /// <summary>
    /// The response for a segment that an attempt need not run again; null if it is missing or damaged, or if frames
    /// are lost in it and it was not run since the latest RetryJob, which decodes them again.
    /// </summary>
    ValueTask<RunPipelineResponse?> ReadFinishedAsync(
        JobRecord job, Segment segment, CancellationToken cancellationToken);

    /// <summary>Which segments of a job are stored; null if it has no plan. It changes while the job runs.</summary>
    ValueTask<FinishedSegments?> FindAsync(Guid jobId, CancellationToken cancellationToken);

    /// <summary>Deletes the segments of a job and its plan. A call after a crash deletes the rest.</summary>
    ValueTask RemoveAllAsync(Guid jobId, CancellationToken cancellationToken);

    /// <summary>
    /// Deletes rows of jobs that are completed or do not exist, which a crash leaves; returns the number of segments.
    /// The sweep of artifacts finds those that are artifacts.
    /// </summary>
    ValueTask<int> RemoveOrphansAsync(CancellationToken cancellationToken);
}
