using ForegSyte.Inference.Models;

namespace ForegSyte.Inference.Pipelines;

/// <summary>
/// Limits the number of concurrent frames over all calls. A free slot goes to the waiting job that used the least time,
/// so that a job of cheap frames does not wait for as many expensive frames of others (start-time fair queueing: Goyal,
/// Vin and Cheng, 1996). A job that begins or was idle has at least the time of the job that got the latest slot, so
/// idleness gives no credit. Frames of one job run in the order of their requests. Thread-safe.
/// </summary>
internal sealed class FrameSlots(int count, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, FrameTurns> _jobs = [];
    private int _free = count;
    private TimeSpan _latest;
    private long _requests;

    public FrameSlots(InferenceDevice device, TimeProvider time)
        : this(device.Split.Runs, time)
    {
    }

    /// <summary>Maximum number of concurrent frames.</summary>
    public int Count { get; } = count;

    /// <summary>Begins a call of a job; dispose the result when the call has no frames any more.</summary>
    public FrameTurns Enter(string jobId)
    {
        lock (_lock)
        {
            if (!_jobs.TryGetValue(jobId, out var job))
            {
                job = new FrameTurns(this, jobId, _latest);
                _jobs.Add(jobId, job);
            }

            job.Calls++;
            return job;
        }
    }

    internal void Leave(FrameTurns job)
    {
        lock (_lock)
        {
            if (--job.Calls == 0)
            {
                _jobs.Remove(job.JobId);
            }
        }
    }

    internal async Task<long> TakeAsync(FrameTurns job, CancellationToken cancellationToken)
    {
        var granted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (job.Waiting.Count == 0 && job.Running == 0 && job.Used < _latest)
            {
                job.Used = _latest;
            }

            job.Waiting.Enqueue((_requests++, granted));
            GrantLocked();
        }

        // A canceled request stays in its queue until its turn.
        await using var canceled = cancellationToken.UnsafeRegister(
            _ => granted.TrySetCanceled(cancellationToken), null);
        await granted.Task;
        return time.GetTimestamp();
    }

    internal void Release(FrameTurns job, long taken)
    {
        lock (_lock)
        {
            job.Used += time.GetElapsedTime(taken);
            job.Running--;
            _free++;
            GrantLocked();
        }
    }

    private void GrantLocked()
    {
        while (_free > 0 && _jobs.Values.Where(job => job.Waiting.Count > 0)
            .MinBy(job => (job.Used, job.Waiting.Peek().Request)) is { } next)
        {
            if (next.Waiting.Dequeue().Granted.TrySetResult())
            {
                _free--;
                next.Running++;
                _latest = next.Used > _latest ? next.Used : _latest;
            }
        }
    }
}

/// <summary>The frames of a job that wait for a slot or have one. <see cref="FrameSlots"/> guards its state.</summary>
internal sealed class FrameTurns(FrameSlots slots, string jobId, TimeSpan used) : IDisposable
{
    public string JobId { get; } = jobId;

    /// <summary>Time for which frames of the job had slots, and that of others before it began.</summary>
    public TimeSpan Used { get; set; } = used;

    /// <summary>Number of calls of the job.</summary>
    public int Calls { get; set; }

    /// <summary>Number of its frames that have a slot.</summary>
    public int Running { get; set; }

    public Queue<(long Request, TaskCompletionSource Granted)> Waiting { get; } = [];

    /// <summary>Waits for a slot; returns a token for <see cref="Release"/>.</summary>
    public Task<long> TakeAsync(CancellationToken cancellationToken) => slots.TakeAsync(this, cancellationToken);

    /// <summary>Frees a slot.</summary>
    public void Release(long taken) => slots.Release(this, taken);

    /// <inheritdoc />
    public void Dispose() => slots.Leave(this);
}
