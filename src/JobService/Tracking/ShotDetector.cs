using ForegSyte.Protocol.Tracking;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tracking;

/// <summary>How cuts are found; the ranges are those of <see cref="TrackingParameters.Shots"/>.</summary>
internal sealed record ShotDetectorOptions
{
    /// <summary>Minimum change from one analyzed frame to the next that can be a cut. 0.05 to 1.</summary>
    public double MinChange { get; init; } = 0.5;

    /// <summary>Minimum ratio of that change to those of the frames around it. 1 to 20.</summary>
    public double MinRatio { get; init; } = 2;

    /// <summary>Minimum length of a shot in analyzed frames; a flash is shorter. 1 to 100.</summary>
    public int MinFrames { get; init; } = 3;

    /// <summary>The options of a pipeline.</summary>
    /// <exception cref="ArgumentException">A parameter is out of range.</exception>
    public static ShotDetectorOptions From(ShotDetection shots)
    {
        var values = new TrackingValues(TrackingParameters.Shots, shots.Parameters.AsReadOnly());
        return new ShotDetectorOptions
        {
            MinChange = values["min_change"],
            MinRatio = values["min_ratio"],
            MinFrames = values.Whole("min_frames"),
        };
    }
}

/// <summary>
/// Finds hard cuts. A cut is a frame that differs from the one before much more than the frames around it do, and that
/// none of the next frames takes back: a flash is no cut. The result depends only on the frames so far, so a detector
/// that is fed again with stored signatures is in the same state. Memory does not grow with the video.
/// </summary>
internal sealed class ShotDetector(ShotDetectorOptions options)
{
    /// <summary>Number of earlier changes that the change at a cut is compared with.</summary>
    private const int Memory = 8;

    private readonly List<Shot> _ended = [];
    private readonly Queue<double> _changes = new();

    private Shot? _current;
    private byte[] _last = [];

    // A frame that may begin a shot, and the frames after it.
    private byte[] _before = [];
    private double _change;
    private double _calmest;
    private readonly List<(int Index, uint TimestampMs)> _undecided = [];

    /// <summary>The current shot; empty before the first frame and after <see cref="Finish"/>.</summary>
    public IReadOnlyList<Shot> Live => _current is null ? [] : [Copy(_current, isLive: true)];

    /// <summary>Adds the next analyzed frame.</summary>
    /// <param name="frameIndex">Index of the frame, greater than the last one.</param>
    /// <param name="timestampMs">When a player shows the frame.</param>
    /// <param name="signature">Its <see cref="FrameSignature"/>; a frame without one never begins a shot.</param>
    public void Update(int frameIndex, uint timestampMs, ReadOnlySpan<byte> signature)
    {
        if (_current is null)
        {
            Begin(frameIndex, timestampMs);
        }

        if (signature.Length != FrameSignature.Length || _last.Length == 0)
        {
            _last = signature.Length == FrameSignature.Length ? signature.ToArray() : _last;
            Continue(frameIndex, timestampMs);
            return;
        }

        var change = SignatureChange.Between(_last, signature);
        if (_undecided.Count > 0)
        {
            Decide(frameIndex, timestampMs, signature, change);
        }
        else if (change >= options.MinChange && change >= options.MinRatio * _changes.DefaultIfEmpty(0).Average())
        {
            (_before, _change, _calmest) = (_last, change, 1);
            _undecided.Add((frameIndex, timestampMs));
            EndUndecidedIfLongEnough();
        }
        else
        {
            Remember(change);
            Continue(frameIndex, timestampMs);
        }

        _last = signature.ToArray();
    }

    /// <summary>The shots that ended since the last call, in order.</summary>
    public IReadOnlyList<Shot> TakeEnded()
    {
        Shot[] ended = [.. _ended];
        _ended.Clear();
        return ended;
    }

    /// <summary>Ends the last shot at the end of the video; returns the shots since the last call.</summary>
    public IReadOnlyList<Shot> Finish()
    {
        KeepUndecided();
        if (_current is { } last)
        {
            _ended.Add(last);
            _current = null;
        }

        return TakeEnded();
    }

    private static Shot Copy(Shot shot, bool isLive)
    {
        var copy = shot.Clone();
        copy.Live = isLive;
        return copy;
    }

    private void Begin(int frameIndex, uint timestampMs) => _current = new Shot
    {
        Number = (_current?.Number ?? 0) + 1,
        FirstFrameIndex = frameIndex,
        FirstTimestampMs = timestampMs,
        LastFrameIndex = frameIndex,
        LastTimestampMs = timestampMs,
    };

    private void Continue(int frameIndex, uint timestampMs)
    {
        if (_undecided.Count > 0)
        {
            _undecided.Add((frameIndex, timestampMs));
            EndUndecidedIfLongEnough();
            return;
        }

        (_current!.LastFrameIndex, _current.LastTimestampMs) = (frameIndex, timestampMs);
    }

    private void Decide(int frameIndex, uint timestampMs, ReadOnlySpan<byte> signature, double change)
    {
        _undecided.Add((frameIndex, timestampMs));
        _calmest = Math.Min(_calmest, change);
        if (SignatureChange.Between(_before, signature) < options.MinChange)
        {
            KeepUndecided();
            return;
        }

        EndUndecidedIfLongEnough();
    }

    private void EndUndecidedIfLongEnough()
    {
        if (_undecided.Count < options.MinFrames)
        {
            return;
        }

        if (options.MinFrames > 1 && _change < options.MinRatio * _calmest)
        {
            Remember(_change);
            KeepUndecided();
            return;
        }

        _ended.Add(_current!);
        Begin(_undecided[0].Index, _undecided[0].TimestampMs);
        _changes.Clear();
        KeepUndecided();
    }

    private void KeepUndecided()
    {
        var undecided = _undecided.ToArray();
        _undecided.Clear();
        foreach (var (index, timestampMs) in undecided)
        {
            Continue(index, timestampMs);
        }
    }

    private void Remember(double change)
    {
        _changes.Enqueue(change);
        if (_changes.Count > Memory)
        {
            _changes.Dequeue();
        }
    }
}

/// <summary>How different two frames are.</summary>
internal static class SignatureChange
{
    private const int MaxColumnShift = 4;
    private const int MaxRowShift = 2;

    /// <summary>Variance of luma below which a part of a thumbnail is flat, in gray levels².</summary>
    private const double FlatVariance = 4;

    /// <summary>
    /// 0 for equal frames to 1: 1 minus the product of the best correlation of the thumbnails, moved by up to 4 columns
    /// and 2 rows for a moving camera, and the common part of the histograms. Brightness and contrast change the
    /// correlation little.
    /// </summary>
    /// <param name="a">A <see cref="FrameSignature"/>.</param>
    /// <param name="b">Another.</param>
    public static double Between(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        double best = 0;
        for (var rows = -MaxRowShift; rows <= MaxRowShift; rows++)
        {
            for (var columns = -MaxColumnShift; columns <= MaxColumnShift; columns++)
            {
                best = Math.Max(best, Correlation(
                    FrameSignature.Thumbnail(a), FrameSignature.Thumbnail(b), columns, rows));
            }
        }

        double common = 0;
        for (var channel = 0; channel < 3; channel++)
        {
            common += Common(FrameSignature.Histogram(a, channel), FrameSignature.Histogram(b, channel)) / 3;
        }

        return 1 - (best * common);
    }

    private static double Correlation(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, int columns, int rows)
    {
        long count = 0, sumA = 0, sumB = 0, squareA = 0, squareB = 0, product = 0;
        for (var row = Math.Max(0, -rows); row < Math.Min(FrameSignature.Rows, FrameSignature.Rows - rows); row++)
        {
            var end = Math.Min(FrameSignature.Columns, FrameSignature.Columns - columns);
            for (var column = Math.Max(0, -columns); column < end; column++)
            {
                int x = a[(row * FrameSignature.Columns) + column];
                int y = b[((row + rows) * FrameSignature.Columns) + column + columns];
                count++;
                sumA += x;
                sumB += y;
                squareA += x * x;
                squareB += y * y;
                product += x * y;
            }
        }

        var varianceA = squareA - ((double)sumA * sumA / count);
        var varianceB = squareB - ((double)sumB * sumB / count);
        var isFlatA = varianceA < FlatVariance * count;
        var isFlatB = varianceB < FlatVariance * count;
        return isFlatA || isFlatB
            ? (isFlatA && isFlatB ? 1 : 0)
            : (product - ((double)sumA * sumB / count)) / Math.Sqrt(varianceA * varianceB);
    }

    private static double Common(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        int sumA = 0, sumB = 0, common = 0;
        for (var bin = 0; bin < a.Length; bin++)
        {
            sumA += a[bin];
            sumB += b[bin];
            common += Math.Min(a[bin], b[bin]);
        }

        return (double)common / Math.Max(Math.Max(sumA, sumB), 1);
    }
}
