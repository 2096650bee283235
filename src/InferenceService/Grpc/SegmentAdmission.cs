using System.Globalization;
using System.Threading.RateLimiting;
using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.Memory;
using ForegSyte.Inference.Metrics;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Grpc;

/// <summary>The limits of concurrent calls, by method.</summary>
internal sealed class CallLimits(
    IOptions<GrpcOptions> options, TimeProvider time, InferenceMetrics metrics) : IDisposable
{
    private readonly ConcurrencyLimiter _probes = new(
        new ConcurrencyLimiterOptions { PermitLimit = options.Value.MaxRunningProbes, QueueLimit = 0 });

    private readonly ConcurrencyLimiter _frames = new(new ConcurrencyLimiterOptions
    {
        PermitLimit = options.Value.MaxRunningFrames,
        QueueLimit = options.Value.MaxWaitingFrames,
    });

    private readonly ConcurrencyLimiter _copies = new(new ConcurrencyLimiterOptions
    {
        PermitLimit = options.Value.MaxRunningCopies,
        QueueLimit = options.Value.MaxWaitingCopies,
    });

    /// <summary>The limits of RunPipeline.</summary>
    public SegmentAdmission Segments { get; } = new(options, time, metrics);

    /// <summary>Takes a slot for ProbeVideo; these calls are short and do not queue.</summary>
    /// <exception cref="ServiceException">INFERENCE_BUSY.</exception>
    public IDisposable EnterProbe()
    {
        var lease = _probes.AttemptAcquire();
        if (lease.IsAcquired)
        {
            return lease;
        }

        lease.Dispose();
        throw AdmissionFailures.Busy(
            nameof(GrpcOptions.MaxRunningProbes),
            options.Value.MaxRunningProbes.ToString(CultureInfo.InvariantCulture),
            "The service runs as many ProbeVideo calls as it may.",
            options.Value.BusyRetryDelay);
    }

    /// <summary>Waits for a slot for GetFrame, in the order of the calls.</summary>
    /// <exception cref="ServiceException">INFERENCE_BUSY: the queue is full.</exception>
    public Task<IDisposable> EnterFrameAsync(CancellationToken cancellationToken) => EnterAsync(
        _frames, nameof(GrpcOptions.MaxWaitingFrames), options.Value.MaxWaitingFrames, "GetFrame", cancellationToken);

    /// <summary>Waits for a slot for AnnotateVideo, in the order of the calls.</summary>
    /// <exception cref="ServiceException">INFERENCE_BUSY: the queue is full.</exception>
    public Task<IDisposable> EnterCopyAsync(CancellationToken cancellationToken) => EnterAsync(
        _copies, nameof(GrpcOptions.MaxWaitingCopies), options.Value.MaxWaitingCopies, "AnnotateVideo",
        cancellationToken);

    /// <inheritdoc />
    public void Dispose()
    {
        _probes.Dispose();
        _frames.Dispose();
        _copies.Dispose();
    }

    private async Task<IDisposable> EnterAsync(
        ConcurrencyLimiter slots, string option, int limit, string method, CancellationToken cancellationToken)
    {
        var lease = await slots.AcquireAsync(1, cancellationToken);
        if (lease.IsAcquired)
        {
            return lease;
        }

        lease.Dispose();
        throw AdmissionFailures.Busy(
            option,
            limit.ToString(CultureInfo.InvariantCulture),
            $"The service runs as many {method} calls as it may, and their queue is full.",
            options.Value.BusyRetryDelay);
    }
}

/// <summary>
/// Limits the segments that run and the calls in the queue, fairly among jobs. A free slot goes to the queued job with
/// the fewest running segments, among equals to the one served longest ago, and within a job to the oldest call. If the
/// queue is full, the largest job loses its newest call to a job with fewer calls. So no job starves another.
/// </summary>
internal sealed class SegmentAdmission(IOptions<GrpcOptions> options, TimeProvider time, InferenceMetrics metrics)
{
    private readonly Lock _lock = new();

    /// <summary>The jobs with running or queued segments, the one served longest ago first.</summary>
    private readonly List<JobCalls> _jobs = [];

    private int _running;
    private int _waiting;

    /// <summary>Number of running segments.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>Number of queued calls.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Waits for a slot; the caller disposes it when its segment ends.</summary>
    /// <param name="job">Id of the call's job; calls without one count as one job.</param>
    /// <param name="deadline">Deadline of the call, UTC; DateTime.MaxValue for none.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ServiceException">
    /// INFERENCE_BUSY: the queue is full, or the wait took too long. DEADLINE_EXCEEDED: the deadline passed in the
    /// queue.
    /// </exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public async Task<IDisposable> EnterAsync(string job, DateTime deadline, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var left = deadline - time.GetUtcNow().UtcDateTime;
        if (left <= TimeSpan.Zero)
        {
            throw AdmissionFailures.PastDeadline();
        }

        var arrived = time.GetTimestamp();
        QueuedCall call;
        lock (_lock)
        {
            var calls = CallsOf(job);
            if (_running < options.Value.MaxRunningSegments)
            {
                metrics.RecordSegmentQueue(TimeSpan.Zero);
                return StartLocked(calls);
            }

            MakeRoomLocked(calls);
            call = new QueuedCall(calls, deadline);
            calls.Queue.AddLast(call);
            _waiting++;
        }

        var isDeadline = left <= options.Value.MaxWaitTime;
        await using var timer = time.CreateTimer(
            _ => Withdraw(call, () => call.Refuse(isDeadline ? AdmissionFailures.PastDeadline() : WaitedTooLong())),
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

    private JobCalls CallsOf(string job)
    {
        var calls = _jobs.Find(known => known.Job == job);
        if (calls is null)
        {
            calls = new JobCalls(job);
            _jobs.Add(calls);
        }

        return calls;
    }

    private Slot StartLocked(JobCalls job)
    {
        _running++;
        job.Running++;
        _jobs.Remove(job);
        _jobs.Add(job);
        return new Slot(this, job);
    }

    /// <summary>
    /// Refuses the newest queued call of the largest job, or the new call if that makes the jobs no more equal.
    /// </summary>
    private void MakeRoomLocked(JobCalls job)
    {
        if (_waiting < options.Value.MaxWaitingSegments)
        {
            return;
        }

        var largest = _jobs.Where(other => other.Queue.Count > 0).MaxBy(other => other.Count);
        if (largest is null || largest.Count <= job.Count + 1)
        {
            RemoveIfIdleLocked(job);
            throw QueueIsFull();
        }

        var newest = largest.Queue.Last!.Value;
        RemoveLocked(newest);
        newest.Refuse(QueueIsFull());
    }

    private void Withdraw(QueuedCall call, Action end)
    {
        lock (_lock)
        {
            // A call that is no longer queued was admitted or refused just before.
            if (!RemoveLocked(call))
            {
                return;
            }
        }

        end();
    }

    private bool RemoveLocked(QueuedCall call)
    {
        if (!call.Job.Queue.Remove(call))
        {
            return false;
        }

        _waiting--;
        RemoveIfIdleLocked(call.Job);
        return true;
    }

    private void Leave(JobCalls job)
    {
        lock (_lock)
        {
            _running--;
            job.Running--;
            RemoveIfIdleLocked(job);
            while (_waiting > 0 && _running < options.Value.MaxRunningSegments)
            {
                AdmitNextLocked();
            }
        }
    }

    private void AdmitNextLocked()
    {
        var next = _jobs.Where(job => job.Queue.Count > 0).MinBy(job => job.Running)!;
        var call = next.Queue.First!.Value;
        var isPast = call.Deadline <= time.GetUtcNow().UtcDateTime;
        RemoveLocked(call);
        if (isPast)
        {
            // The deadline's timer is late.
            call.Refuse(AdmissionFailures.PastDeadline());
            return;
        }

        call.Admit(StartLocked(next));
    }

    private void RemoveIfIdleLocked(JobCalls job)
    {
        if (job is { Running: 0, Queue.Count: 0 })
        {
            _jobs.Remove(job);
        }
    }

    private ServiceException QueueIsFull() => AdmissionFailures.Busy(
        nameof(GrpcOptions.MaxWaitingSegments),
        FormattableString.Invariant($"{options.Value.MaxWaitingSegments} calls"),
        FormattableString.Invariant(
            $"The service runs {options.Value.MaxRunningSegments} segments, and its queue is full."),
        options.Value.BusyRetryDelay);

    private ServiceException WaitedTooLong() => AdmissionFailures.Busy(
        nameof(GrpcOptions.MaxWaitTime),
        DurationText.Format(options.Value.MaxWaitTime),
        "No slot became free in time.",
        options.Value.BusyRetryDelay);

    private sealed class Slot(SegmentAdmission owner, JobCalls job) : IDisposable
    {
        private SegmentAdmission? _owner = owner;

        public void Dispose() => Interlocked.Exchange(ref _owner, null)?.Leave(job);
    }
}

/// <summary>
/// The running and queued segments of one job. <see cref="SegmentAdmission"/> changes it under its lock.
/// </summary>
/// <param name="job">Id of the job.</param>
internal sealed class JobCalls(string job)
{
    public string Job { get; } = job;

    public int Running { get; set; }

    /// <summary>Calls without a slot, the oldest first.</summary>
    public LinkedList<QueuedCall> Queue { get; } = new();

    public int Count => Running + Queue.Count;
}

/// <summary>A call without a slot. It ends once: admitted, refused or cancelled.</summary>
/// <param name="job">Its job.</param>
/// <param name="deadline">Its deadline, UTC; DateTime.MaxValue for none.</param>
internal sealed class QueuedCall(JobCalls job, DateTime deadline)
{
    // Completed under the lock of SegmentAdmission; the continuation must not run there.
    private readonly TaskCompletionSource<IDisposable> _slot = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public JobCalls Job { get; } = job;

    public DateTime Deadline { get; } = deadline;

    public Task<IDisposable> Slot => _slot.Task;

    public void Admit(IDisposable slot) => _slot.SetResult(slot);

    public void Refuse(Exception failure) => _slot.SetException(failure);

    public void Cancel(CancellationToken cancellationToken) => _slot.SetCanceled(cancellationToken);
}

/// <summary>The errors of calls that are refused or that run out of time.</summary>
internal static class AdmissionFailures
{
    /// <summary>The service is busy; the caller may retry.</summary>
    /// <param name="option">Name of the option in <see cref="GrpcOptions"/> that has the limit.</param>
    /// <param name="limit">The limit in force, with its unit.</param>
    /// <param name="what">A full sentence that says what is busy.</param>
    /// <param name="retryAfter">The retry delay.</param>
    public static ServiceException Busy(string option, string limit, string what, TimeSpan retryAfter) =>
        new(
            ErrorReason.InferenceBusy,
            $"{what} The limit is {limit} (option {Name(option)}). Retry after the retry delay.")
        {
            Metadata = LimitOf(option, limit),
            RetryAfter = retryAfter,
        };

    /// <summary>The memory for a probe or a segment was not free in time.</summary>
    public static ServiceException NoMemory(GrpcOptions options) => Busy(
        nameof(GrpcOptions.MaxWaitTime),
        DurationText.Format(options.MaxWaitTime),
        $"No memory for the video became free in time ({MemoryOptions.BudgetOption}).",
        options.BusyRetryDelay);

    /// <summary>The deadline of the call passed in the queue.</summary>
    public static ServiceException PastDeadline() => new(
        ErrorReason.DeadlineExceeded,
        "The deadline of the call passed before its segment started. Set a later deadline, or send fewer calls at a "
        + "time.");

    /// <summary>The segment reached its time limit.</summary>
    /// <param name="limit"><see cref="GrpcOptions.SegmentTimeLimit"/>.</param>
    public static ServiceException SegmentTooLong(TimeSpan limit)
    {
        var text = DurationText.Format(limit);
        return new ServiceException(
            ErrorReason.DeadlineExceeded,
            $"The segment takes longer than {text} (option {Name(nameof(GrpcOptions.SegmentTimeLimit))}). Ask for "
            + "fewer frames or a larger stride, or raise the option.")
        {
            Metadata = LimitOf(nameof(GrpcOptions.SegmentTimeLimit), text),
        };
    }

    private static string Name(string option) => $"{GrpcOptions.Section}:{option}";

    private static Dictionary<string, string> LimitOf(string option, string limit) =>
        new() { ["option"] = Name(option), ["limit"] = limit };
}
