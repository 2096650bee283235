using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Tests.Vision;

public sealed class WindowStitchingTests
{
    private static readonly string[] Alphabet = ["", "a", "b", "c"];

    [Theory]
    [InlineData(2400, 2400, 16, 1)]
    [InlineData(2401, 2400, 16, 2)]
    [InlineData(4544, 2400, 16, 2)]
    [InlineData(4545, 2400, 16, 3)]
    [InlineData(500, 320, 16, 4)]
    public void Windows_OfALine_OverlapAndEndAtItsEnd(int lineWidth, int maxWidth, int maxWindows, int expected)
    {
        var (width, ranges) = WindowStitching.Windows(lineWidth, maxWidth, maxWindows);

        Assert.Equal(lineWidth, width);
        Assert.Equal(expected, ranges.Count);
        Assert.Equal((0, lineWidth), (ranges[0].Left, ranges[^1].Right));
        Assert.All(ranges, range => Assert.InRange(range.Right - range.Left, 1, maxWidth));
        Assert.All(ranges, range => Assert.Equal(0, range.Left % WindowStitching.StepWidth));
        Assert.All(
            ranges.Zip(ranges.Skip(1)),
            pair => Assert.InRange(pair.First.Right - pair.Second.Left, WindowStitching.Overlap, maxWidth));
    }

    [Fact]
    public void Windows_OfALongerLineThanAllowed_CompressIt()
    {
        var (width, ranges) = WindowStitching.Windows(100_000, 2400, 3);

        Assert.Equal(2400 + (2 * (2400 - WindowStitching.Overlap)), width);
        Assert.Equal(3, ranges.Count);
        Assert.Equal(width, ranges[^1].Right);
    }

    /// <summary>A character is never cut in two or doubled: the cut lies where both windows see a gap.</summary>
    [Fact]
    public void Add_WindowsOfALine_GivesTheLine()
    {
        const int Steps = 300;
        var classes = Enumerable.Range(0, Steps).Select(step => step % 5 < 2 ? (step / 5 % 3) + 1 : 0).ToArray();
        var expected = CtcDecoder.Decode(Rows(classes), Alphabet).Text;
        var (width, ranges) = WindowStitching.Windows(Steps * WindowStitching.StepWidth, 640, 16);
        var stitching = new WindowStitching(Alphabet.Length);
        foreach (var (left, right) in ranges)
        {
            var (first, end) = (left / WindowStitching.StepWidth, right / WindowStitching.StepWidth);
            var window = classes[first..end];

            // A window sees parts of characters at its edges, and reads others.
            window[0] = left > 0 ? 3 : window[0];
            window[^1] = right < width ? 3 : window[^1];
            stitching.Add([.. Rows(window), .. Rows([0, 0, 2])], left, right);
        }

        Assert.True(ranges.Count > 3, $"There must be cuts: {ranges.Count} windows.");
        Assert.Equal(Steps * Alphabet.Length, stitching.Probabilities.Length);
        Assert.Equal(expected, CtcDecoder.Decode(stitching.Probabilities, Alphabet).Text);
    }

    private static float[] Rows(IEnumerable<int> classes) =>
        [.. classes.SelectMany(step => Enumerable.Range(0, Alphabet.Length).Select(c => c == step ? 0.97f : 0.01f))];
}
