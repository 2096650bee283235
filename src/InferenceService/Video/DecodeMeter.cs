using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Errors;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;

namespace ForegSyte.Inference.Video;

/// <summary>Counts the frames of one segment. The counts are final once the reading has ended.</summary>
internal sealed class DecodeMeter
{
    private readonly HashSet<int> _damaged = [];
    private int _inRange;
    private int _wanted;

    /// <summary>Time spent waiting for the decoder.</summary>
    public TimeSpan Waiting { get; private set; }

    /// <summary>Number of frames that the pipeline received.</summary>
    public int Delivered { get; private set; }

    /// <summary>FFmpeg's last output if frames are lost or damaged, without paths; otherwise empty.</summary>
    public string DecoderOutput { get; private set; } = "";

    /// <summary>
    /// The counts, with total = analyzed + skipped + failed. Damage is the only reason for which a single frame
    /// fails; every other failure fails the segment.
    /// </summary>
    public FrameAccounting ToAccounting()
    {
        var frames = new FrameAccounting
        {
            Total = _inRange,
            Analyzed = Delivered,
            Skipped = _inRange - _wanted,
            Failed = _wanted - Delivered,
            Damaged = _damaged.Count,
        };
        if (frames.Failed > 0)
        {
            frames.Failures.Add(
                new FrameFailureCount { Reason = ErrorReason.UndecodableVideo.ToText(), FrameCount = frames.Failed });
        }

        return frames;
    }

    public void Begin(DecodePlan plan) => (_inRange, _wanted) = (plan.RangeCount, plan.WantedCount);

    public void CountDelivered() => Delivered++;

    /// <summary>Whether the picture of a delivered frame is probably wrong; known at the end of the reading.</summary>
    public bool IsDamaged(int frame) => _damaged.Contains(frame);

    /// <summary>Counts delivered frames as damaged.</summary>
    /// <param name="frames">The frames; none if frames are lost only.</param>
    /// <param name="decoderOutput">What FFmpeg said last.</param>
    public void MarkDamaged(IEnumerable<int> frames, string decoderOutput)
    {
        _damaged.UnionWith(frames);
        DecoderOutput = decoderOutput;
    }

    public void AddWaiting(TimeSpan time) => Waiting += time;
}

/// <summary>Limits the time that one segment waits for its decoders, all waits added up.</summary>
/// <param name="limit">The limit.</param>
/// <param name="meter">Adds up the waits.</param>
/// <param name="time">The clock.</param>
internal sealed class DecodeTimeout(TimeSpan limit, DecodeMeter meter, TimeProvider time) : IDisposable
{
    private readonly CancellationTokenSource _passed = new(Timeout.InfiniteTimeSpan, time);

    /// <summary>Cancelled when the limit is reached.</summary>
    public CancellationToken Passed => _passed.Token;

    /// <summary>Waits for a frame; null at the end of the decoder's output.</summary>
    /// <exception cref="ServiceException">VIDEO_LIMIT_EXCEEDED: the limit is reached.</exception>
    public async Task<Frame?> ApplyAsync(Task<Frame?> reading)
    {
        if (!reading.IsCompletedSuccessfully)
        {
            StartWaiting();
        }

        var started = time.GetTimestamp();
        var frame = await reading;
        StopWaiting(started);
        return frame is null && _passed.IsCancellationRequested ? throw LimitReached() : frame;
    }

    /// <summary>Waits for other work of the decoder.</summary>
    /// <param name="work">The work; ends when its token is cancelled.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="ServiceException">VIDEO_LIMIT_EXCEEDED: the limit is reached.</exception>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, Passed);
        StartWaiting();
        var started = time.GetTimestamp();
        try
        {
            return await work(ending.Token);
        }
        catch (OperationCanceledException) when (
            _passed.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw LimitReached();
        }
        finally
        {
            StopWaiting(started);
        }
    }

    /// <inheritdoc />
    public void Dispose() => _passed.Dispose();

    private void StartWaiting()
    {
        var left = limit - meter.Waiting;
        _passed.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
    }

    private void StopWaiting(long started)
    {
        _passed.CancelAfter(Timeout.InfiniteTimeSpan);
        meter.AddWaiting(time.GetElapsedTime(started));
    }

    private ServiceException LimitReached() => VideoFailures.LimitExceeded(
        nameof(VideoOptions.DecodeTimeLimit), DurationText.Format(limit),
        "Decoding the segment takes too long; ask for fewer frames.");
}
