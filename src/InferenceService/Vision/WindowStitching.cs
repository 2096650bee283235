using System.Runtime.InteropServices;

namespace ForegSyte.Inference.Vision;

/// <summary>
/// Joins the outputs of a CTC network for overlapping windows of a long line. The cut lies in the overlap, where both
/// windows see a gap between characters; near its edges a window sees parts of characters.
/// </summary>
/// <param name="classes">Number of classes.</param>
internal sealed class WindowStitching(int classes)
{
    /// <summary>Pixels of the image of a line per step of the output of PaddleOCR's recognizers.</summary>
    public const int StepWidth = 8;

    /// <summary>Pixels that two windows share: at least four characters.</summary>
    public const int Overlap = 256;

    /// <summary>Steps at the edges of the overlap at which no cut lies.</summary>
    private const int Margin = 4;

    private readonly List<float> _probabilities = [];

    /// <summary>[steps, classes] of the whole line.</summary>
    public ReadOnlySpan<float> Probabilities => CollectionsMarshal.AsSpan(_probabilities);

    /// <summary>The windows of a line: the width to which it is scaled, and their ranges in pixels.</summary>
    /// <param name="lineWidth">Width of the line.</param>
    /// <param name="maxWidth">Maximum width of a window.</param>
    /// <param name="maxWindows">Maximum number of windows; a longer line is compressed.</param>
    public static (int LineWidth, IReadOnlyList<(int Left, int Right)> Ranges) Windows(
        int lineWidth, int maxWidth, int maxWindows)
    {
        var window = maxWidth / StepWidth * StepWidth;
        var distance = Math.Max(StepWidth, (window - Overlap) / StepWidth * StepWidth);
        var width = (int)Math.Min(lineWidth, window + ((long)(maxWindows - 1) * distance));
        var ranges = new List<(int Left, int Right)>();
        for (var left = 0; ranges.Count == 0 || ranges[^1].Right < width; left += distance)
        {
            ranges.Add((left, Math.Min(width, left + window)));
        }

        return (width, ranges);
    }

    /// <summary>Adds the next window.</summary>
    /// <param name="window">Its output, [steps, classes]; steps after its end are padding.</param>
    /// <param name="left">Its first pixel in the line, a multiple of <see cref="StepWidth"/>.</param>
    /// <param name="right">The pixel after its last one.</param>
    public void Add(ReadOnlySpan<float> window, int left, int right)
    {
        var firstStep = left / StepWidth;
        var steps = (right - left + StepWidth - 1) / StepWidth;
        var end = _probabilities.Count / classes;
        var cut = Cut(window, firstStep, Math.Min(end, firstStep + steps));
        _probabilities.RemoveRange(cut * classes, _probabilities.Count - (cut * classes));
        _probabilities.AddRange(window[((cut - firstStep) * classes)..Math.Min(window.Length, steps * classes)]);
    }

    private int Cut(ReadOnlySpan<float> window, int from, int to)
    {
        var (best, bestBlank) = ((from + to) / 2, -1f);
        for (var step = from + Margin; step < to - Margin; step++)
        {
            var blank = Math.Min(
                _probabilities[(step * classes) + CtcDecoder.Blank],
                window[((step - from) * classes) + CtcDecoder.Blank]);
            (best, bestBlank) = blank > bestBlank ? (step, blank) : (best, bestBlank);
        }

        return best;
    }
}
