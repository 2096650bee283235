namespace ForegSyte.Inference.Grpc;

/// <summary>
/// The segments of one job that run or wait. <see cref="SegmentAdmission"/> changes it under its lock.
/// </summary>
/// <param name="job">Id of the job; empty for calls that name none, which count as one job.</param>
internal sealed class JobLane(string job)
{
    public string Job { get; } = job;

    /// <summary>Segments that run.</summary>
    public int Running { get; set; }

    /// <summary>Calls that wait, the oldest first.</summary>
    public LinkedList<WaitingSegment> Waiting { get; } = new();

    /// <summary>Segments that run and calls that wait.</summary>
    public int Count => Running + Waiting.Count;
}
