using ForegSyte.Protocol.Errors;
using ForegSyte.V1;

namespace ForegSyte.Inference.Video;

/// <summary>Counts what became of the frames of one segment. Complete once the reading has ended.</summary>
internal sealed class DecodeMeter
{
    private int _inRange;
    private int _wanted;
    private int _delivered;

    /// <summary>Time during which the decoder was waited for.</summary>
    public TimeSpan Waiting { get; private set; }

    /// <summary>Frames that were handed out.</summary>
    public int Delivered => _delivered;

    /// <summary>
    /// decoded = analyzed + skipped + failed, whatever happens. A frame fails for one reason only: every other failure
    /// is one of the whole segment.
    /// </summary>
    public FrameAccounting ToAccounting()
    {
        var frames = new FrameAccounting
        {
            Decoded = _inRange,
            Analyzed = _delivered,
            Skipped = _inRange - _wanted,
            Failed = _wanted - _delivered,
        };
        if (frames.Failed > 0)
        {
            frames.FailedByReason.Add(ErrorReason.UndecodableVideo.ToText(), frames.Failed);
        }

        return frames;
    }

    /// <summary>Takes what the segment asks for.</summary>
    public void Begin(DecodePlan plan) => (_inRange, _wanted) = (plan.RangeCount, plan.WantedCount);

    /// <summary>Counts a frame that is handed out.</summary>
    public void CountDelivered() => _delivered++;

    /// <summary>Adds a wait for the decoder.</summary>
    public void CountWaiting(TimeSpan time) => Waiting += time;
}
