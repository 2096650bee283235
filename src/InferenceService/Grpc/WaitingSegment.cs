namespace ForegSyte.Inference.Grpc;

/// <summary>A call that waits for its turn. It ends once: admitted, turned away or cancelled.</summary>
/// <param name="lane">The job that it belongs to.</param>
/// <param name="deadline">When its caller gives up, UTC; DateTime.MaxValue for never.</param>
internal sealed class WaitingSegment(JobLane lane, DateTime deadline)
{
    /// <summary>The waiting calls are told under a lock; what they do next must not run under it.</summary>
    private readonly TaskCompletionSource<IDisposable> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public JobLane Lane { get; } = lane;

    public DateTime Deadline { get; } = deadline;

    /// <summary>The slot, once it is there; disposing it gives it back.</summary>
    public Task<IDisposable> Slot => _end.Task;

    public void Admit(IDisposable slot) => _end.SetResult(slot);

    public void TurnAway(Exception failure) => _end.SetException(failure);

    public void Cancel(CancellationToken cancellationToken) => _end.SetCanceled(cancellationToken);
}
