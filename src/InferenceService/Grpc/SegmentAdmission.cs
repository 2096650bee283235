using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.Metrics;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Grpc;

/// <summary>
/// Which segments run: so many at a time, so many more wait, the others are turned away. A slot that is free goes to
/// the waiting job with the fewest segments running, and among equals to the one whose turn was longest ago; within a
/// job it is first come, first served. A job that fills the waiting places loses its newest call to a job that has
/// fewer. So no job starves another one, however many segments it sends.
/// </summary>
internal sealed class SegmentAdmission(IOptions<GrpcOptions> options, TimeProvider time, InferenceMetrics metrics)
{
    private readonly Lock _lock = new();

    /// <summary>The jobs with a segment that runs or waits, the one whose turn was longest ago first.</summary>
    private readonly List<JobLane> _lanes = [];

    private int _running;
    private int _waiting;

    /// <summary>Segments that run now.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>Calls that wait for a slot now.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Waits for a slot; disposing it gives it back.</summary>
    /// <param name="job">Job that the call works for; empty where it names none.</param>
    /// <param name="deadline">When the caller gives up, UTC; DateTime.MaxValue for never.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ServiceException">
    /// INFERENCE_BUSY: too many wait, or the wait took too long. DEADLINE_EXCEEDED: the deadline passed before the
    /// turn came.
    /// </exception>
    /// <exception cref="OperationCanceledException">The wait was ended.</exception>
    public async Task<IDisposable> EnterAsync(string job, DateTime deadline, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var left = deadline - time.GetUtcNow().UtcDateTime;
        if (left <= TimeSpan.Zero)
        {
            throw AdmissionFailures.PastDeadline();
        }

        var arrived = time.GetTimestamp();
        WaitingSegment call;
        lock (_lock)
        {
            var lane = LaneOf(job);
            if (_running < options.Value.MaxRunningSegments)
            {
                metrics.RecordSegmentQueue(TimeSpan.Zero);
                return StartLocked(lane);
            }

            MakeRoomLocked(lane);
            call = new WaitingSegment(lane, deadline);
            lane.Waiting.AddLast(call);
            _waiting++;
        }

        var isDeadline = left <= options.Value.MaxWaitTime;
        await using var timer = time.CreateTimer(
            _ => Withdraw(call, () => call.TurnAway(isDeadline ? AdmissionFailures.PastDeadline() : WaitedTooLong())),
            null,
            isDeadline ? left : options.Value.MaxWaitTime,
            Timeout.InfiniteTimeSpan);
        await using var cancelled = cancellationToken.UnsafeRegister(
            (_, token) => Withdraw(call, () => call.Cancel(token)), null);
        try
        {
            return await call.Slot;
        }
        finally
        {
            metrics.RecordSegmentQueue(time.GetElapsedTime(arrived));
        }
    }

    private JobLane LaneOf(string job)
    {
        var lane = _lanes.Find(known => known.Job == job);
        if (lane is null)
        {
            lane = new JobLane(job);
            _lanes.Add(lane);
        }

        return lane;
    }

    private Slot StartLocked(JobLane lane)
    {
        _running++;
        lane.Running++;
        _lanes.Remove(lane);
        _lanes.Add(lane);
        return new Slot(this, lane);
    }

    /// <summary>
    /// Turns away the newest waiting call of the job that has most; the new one itself where that gains nothing.
    /// </summary>
    private void MakeRoomLocked(JobLane lane)
    {
        if (_waiting < options.Value.MaxWaitingSegments)
        {
            return;
        }

        var largest = _lanes.Where(other => other.Waiting.Count > 0).MaxBy(other => other.Count);
        if (largest is null || largest.Count <= lane.Count + 1)
        {
            ForgetIfIdleLocked(lane);
            throw TooManyWait();
        }

        var newest = largest.Waiting.Last!.Value;
        RemoveLocked(newest);
        newest.TurnAway(TooManyWait());
    }

    private void Withdraw(WaitingSegment call, Action end)
    {
        lock (_lock)
        {
            // Not found: it was admitted or turned away a moment before.
            if (!RemoveLocked(call))
            {
                return;
            }
        }

        end();
    }

    private bool RemoveLocked(WaitingSegment call)
    {
        if (!call.Lane.Waiting.Remove(call))
        {
            return false;
        }

        _waiting--;
        ForgetIfIdleLocked(call.Lane);
        return true;
    }

    private void Leave(JobLane lane)
    {
        lock (_lock)
        {
            _running--;
            lane.Running--;
            ForgetIfIdleLocked(lane);
            while (_waiting > 0 && _running < options.Value.MaxRunningSegments)
            {
                AdmitNextLocked();
            }
        }
    }

    private void AdmitNextLocked()
    {
        var next = _lanes.Where(lane => lane.Waiting.Count > 0).MinBy(lane => lane.Running)!;
        var call = next.Waiting.First!.Value;
        var isPast = call.Deadline <= time.GetUtcNow().UtcDateTime;
        RemoveLocked(call);
        if (isPast)
        {
            // Its timer is late.
            call.TurnAway(AdmissionFailures.PastDeadline());
            return;
        }

        call.Admit(StartLocked(next));
    }

    private void ForgetIfIdleLocked(JobLane lane)
    {
        if (lane is { Running: 0, Waiting.Count: 0 })
        {
            _lanes.Remove(lane);
        }
    }

    private ServiceException TooManyWait() => AdmissionFailures.Busy(
        nameof(GrpcOptions.MaxWaitingSegments),
        FormattableString.Invariant($"{options.Value.MaxWaitingSegments} calls"),
        FormattableString.Invariant($"The service runs {options.Value.MaxRunningSegments} segments, and others wait."),
        options.Value.BusyRetryDelay);

    private ServiceException WaitedTooLong() => AdmissionFailures.Busy(
        nameof(GrpcOptions.MaxWaitTime),
        AdmissionFailures.Text(options.Value.MaxWaitTime),
        "The turn of the call did not come.",
        options.Value.BusyRetryDelay);

    private sealed class Slot(SegmentAdmission owner, JobLane lane) : IDisposable
    {
        private SegmentAdmission? _owner = owner;

        public void Dispose() => Interlocked.Exchange(ref _owner, null)?.Leave(lane);
    }
}
