using ForegSyte.Hosting.Errors;
using ForegSyte.V1;
using ForegSyte.Video;

namespace ForegSyte.Inference.Video;

/// <summary>
/// The frames of a video that a segment wants, and the point at which the decoder must start for them.
/// </summary>
/// <param name="StartFrame">First frame of the range.</param>
/// <param name="EndFrame">Frame after the last one; not past the end of the video.</param>
/// <param name="Stride">Only multiples of this, counted from frame 0 of the video.</param>
/// <param name="SeekTo">Start of the decoder; null for the beginning of the file.</param>
/// <param name="KeyFramesOnly">
/// Whether all wanted frames are key frames, so that the decoder can skip all others.
/// </param>
internal sealed record DecodePlan(int StartFrame, int EndFrame, int Stride, SeekPoint? SeekTo, bool KeyFramesOnly)
{
    /// <summary>
    /// Pixels that FFmpeg decodes in the processor time of its start: 72 ms for a start, 1.5 ms for a frame of
    /// 1280x720, H.264 (ADR 23).
    /// </summary>
    private const long PixelsOfAStart = 44_000_000;

    /// <summary>Maximum stride of a request.</summary>
    public const int MaxStride = 1_000_000;

    /// <summary>Number of frames in the range.</summary>
    public int RangeCount => EndFrame - StartFrame;

    /// <summary>The first wanted frame; it lies past the range if the range contains no wanted frame.</summary>
    public int FirstWanted => checked((int)((((long)StartFrame + Stride - 1) / Stride) * Stride));

    /// <summary>Number of wanted frames.</summary>
    public int WantedCount => FirstWanted >= EndFrame ? 0 : ((EndFrame - 1 - FirstWanted) / Stride) + 1;

    /// <summary>The last wanted frame; undefined if <see cref="WantedCount"/> is 0.</summary>
    public int LastWanted => FirstWanted + ((WantedCount - 1) * Stride);

    /// <summary>The wanted frames; undefined if <see cref="WantedCount"/> is 0.</summary>
    public FrameSeries Series => new(FirstWanted, Stride, WantedCount);

    /// <summary>Plans a segment.</summary>
    /// <param name="index">The video.</param>
    /// <param name="range">The range; null for the whole video. An end of 0 or past the video means its end.</param>
    /// <param name="stride">0 means 1.</param>
    /// <exception cref="ServiceException">INVALID_FRAME_RANGE, INVALID_FIELD.</exception>
    public static DecodePlan Make(VideoIndex index, FrameRange? range, int stride)
    {
        if (stride is < 0 or > MaxStride)
        {
            throw ServiceException.InvalidField(
                "frame_stride", $"frame_stride must be 0 to {MaxStride}; 0 means 1.", stride);
        }

        var start = range?.StartFrame ?? 0;
        var end = range is null or { EndFrame: 0 } ? index.FrameCount : Math.Min(range.EndFrame, index.FrameCount);
        if (start < 0 || start >= index.FrameCount || range is { EndFrame: not 0 } && range.EndFrame <= start)
        {
            throw ServiceException.ForField(
                ErrorReason.InvalidFrameRange,
                "range",
                $"The range [{start}, {range?.EndFrame}) must begin within the video, which has frames 0 to "
                + $"{index.FrameCount - 1}, and end after its start; an end of 0 means the end of the video.");
        }

        var plan = new DecodePlan(start, end, Math.Max(stride, 1), null, false);
        return plan.WantedCount == 0
            ? plan
            : plan with
            {
                SeekTo = index.SeekPointFor(plan.FirstWanted),
                KeyFramesOnly = plan.Stride > 1 && plan.Wanted().All(index.IsKeyFrame),
            };
    }

    /// <summary>Number of frames that FFmpeg decodes in the processor time of its start.</summary>
    public static long FramesOfAStart(VideoIndex index) =>
        PixelsOfAStart / ((long)index.Info.Width * index.Info.Height);

    /// <summary>
    /// Splits the plan into parts with one decoder each, wherever a start at a later key frame is less work than to
    /// decode the frames before it. That is so under a large stride.
    /// </summary>
    public IReadOnlyList<DecodePlan> Split(VideoIndex index)
    {
        var framesOfAStart = FramesOfAStart(index);
        if (KeyFramesOnly || WantedCount == 0 || Stride <= framesOfAStart)
        {
            return [this];
        }

        var parts = new List<DecodePlan>();
        var (first, seekTo) = (FirstWanted, SeekTo);
        foreach (var frame in Wanted().Skip(1))
        {
            var point = index.SeekPointFor(frame);
            if (Stride > frame - SeekFrame(index, point) + framesOfAStart)
            {
                parts.Add(this with { StartFrame = first, EndFrame = frame - Stride + 1, SeekTo = seekTo });
                (first, seekTo) = (frame, point);
            }
        }

        parts.Add(this with { StartFrame = first, SeekTo = seekTo });
        return parts;
    }

    /// <summary>
    /// Extends the plan to a later frame, at most to the number of frames that the command line can name
    /// (<see cref="FrameSelection.MaxNamedFrames"/>).
    /// </summary>
    /// <param name="index">The video.</param>
    /// <param name="endFrame">Frame after the last one that the job wants.</param>
    public DecodePlan ExtendedTo(VideoIndex index, int endFrame)
    {
        var longest = Stride == 1
            ? index.FrameCount
            : Math.Min(index.FrameCount, FirstWanted + ((FrameSelection.MaxNamedFrames - 1L) * Stride) + 1);
        var extended = this with { EndFrame = (int)Math.Max(EndFrame, Math.Min(endFrame, longest)) };
        return KeyFramesOnly && !extended.Wanted().All(index.IsKeyFrame) ? this : extended;
    }

    /// <summary>The first frame that the decoder must decode.</summary>
    public int SeekFrame(VideoIndex index) => SeekFrame(index, SeekTo);

    /// <summary>The wanted frames, ascending.</summary>
    public IEnumerable<int> Wanted() => Enumerable.Range(0, WantedCount).Select(n => FirstWanted + (n * Stride));

    /// <summary>Whether this frame is wanted.</summary>
    public bool Wants(int frame) => frame >= StartFrame && frame < EndFrame && frame % Stride == 0;

    private static int SeekFrame(VideoIndex index, SeekPoint? point) =>
        point is { } known ? index.FrameOf(known) : 0;
}
