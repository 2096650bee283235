using System.Text.RegularExpressions;
using ForegSyte.Annotation;
using ForegSyte.Client.Tests.Fakes;
using ForegSyte.V1;

namespace ForegSyte.Client.Tests.Annotation;

public sealed partial class ResultDrawingTests
{
    [Theory]
    [InlineData("person", "person")]
    [InlineData("two\r\nlines", "two lines")]
    [InlineData("a\u0000\u001b[31m\u202Eb", "a[31mb")]
    [InlineData("1234567890123", "123456789…")]
    // A wide letter takes two cells.
    [InlineData("漢字漢字漢", "漢字漢字漢")]
    [InlineData("漢字漢字漢字", "漢字漢字…")]
    [InlineData("12345678😀9", "12345678…")]
    public void Shorten_Label_HasAtMostTenCells(string text, string expected) =>
        Assert.Equal(expected, ResultDrawing.Shorten(text, 10));

    [Theory]
    [InlineData(@"a{\c&H0000FF&}b", "a\\{\\\u2060c&H0000FF&\\}b")]
    [InlineData(@"C:\Name", "C:\\\u2060Name")]
    public void Escape_TagsAndLineFeeds_AreText(string text, string expected) =>
        Assert.Equal(expected, AssScript.Escape(text));

    [Fact]
    public void Write_Times_AreCentisecondsOfTheScript()
    {
        var script = new StringWriter { NewLine = "\n" };

        new AssScript(script).WriteEvent(1, 5, (((2 * 60) + 3) * 60 * 100) + 456, "x");

        Assert.Equal("Dialogue: 1,0:00:00.05,2:03:04.56,Label,x\n", script.ToString());
    }

    [Fact]
    public void Write_Crowd_HasAtMostTheLimitOfLabels()
    {
        var result = new PipelineResult();
        result.Detections.AddRange(Enumerable.Range(0, 400).Select(
            n => SampleJobs.Found("person", 0.5f, n % 20 * 90, n / 20 * 50, 60, 40)));

        var events = Draw(result, 1920, 1080);

        Assert.InRange(events.Count(line => line.Contains("person 50%", StringComparison.Ordinal)), 90, 100);
        // Outlines of one color are one event, and so are the backgrounds of their labels.
        Assert.Equal(2, events.Count(line => line.Contains(@"\p4", StringComparison.Ordinal)));
    }

    [Fact]
    public void Write_DamagedFrame_SaysSo()
    {
        using var text = new StringWriter();

        new ResultDrawing(640, 480).Write(
            new AssScript(text), new PipelineResult(), isHeld: false, from: 0, to: 2, isDamaged: true);

        Assert.Contains("damaged picture", text.ToString(), StringComparison.Ordinal);
        Assert.Contains(LabelColors.Damaged.ToAss(), text.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Write_HeldResult_IsDimmedAndHasABoundedSize()
    {
        var result = new PipelineResult { Detections = { SampleJobs.Found("car", 1, 0, 0, 7680, 4320) } };

        var events = Draw(result, 7680, 4320, isHeld: true);

        Assert.All(events, line => Assert.Contains(@"\1a&H7D&", line, StringComparison.Ordinal));
        Assert.InRange(events.Sum(line => line.Length), 100, 8000);
    }

    [Fact]
    public void Write_Tracks_HaveTheirIdAndOneColorEach()
    {
        var first = Draw(new PipelineResult { Detections = { Tracked(3, 0.9f, 10) } }, 640, 360);
        var both = new PipelineResult { Detections = { Tracked(3, 0.8f, 300), Tracked(4, 0.7f, 10) } };
        var second = Draw(both, 640, 360);

        Assert.Contains(first, line => line.EndsWith("person #3 90%", StringComparison.Ordinal));
        Assert.Contains(second, line => line.EndsWith("person #4 70%", StringComparison.Ordinal));
        Assert.Equal(2, first.Concat(second).Select(ColorOf).Where(color => color.Length > 0).Distinct().Count());
        Assert.Contains(LabelColors.OfTrack(3).ToAss(), first[0], StringComparison.Ordinal);
        Assert.Equal(30, Enumerable.Range(1, 30).Select(LabelColors.OfTrack).Distinct().Count());
    }

    [Fact]
    public void Write_InterpolatedBox_IsDashedAndHasNoConfidence()
    {
        var box = Tracked(3, 0, 10);
        var seen = Draw(new PipelineResult { Detections = { box } }, 640, 360);
        var between = Draw(new PipelineResult { InterpolatedDetections = { box } }, 640, 360);

        Assert.Contains(between, line => line.EndsWith("person #3", StringComparison.Ordinal));
        Assert.InRange(Polygons(between[0]), Polygons(seen[0]) + 1, 100);
        Assert.All(between, line => Assert.DoesNotContain(@"\1a", line, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(2, 2)]
    [InlineData(10, 8)]
    public void Write_TinyFrame_HasOutlinesButNoLabels(int width, int height)
    {
        var result = new PipelineResult { Detections = { SampleJobs.Found("car", 1, 0, 0, width, height) } };

        var line = Assert.Single(Draw(result, width, height));

        Assert.Contains(@"\p4", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_MovedLabel_IsConnectedWithItsBox()
    {
        var box = SampleJobs.Found("bottle", 1, 300, 100, 20, 20);
        var apart = new PipelineResult { Detections = { box } };
        var crowded = new PipelineResult();
        crowded.Detections.AddRange(Enumerable.Repeat(box, 12));

        // Four polygons outline each box; further ones connect labels with it.
        Assert.Equal(4, Polygons(Draw(apart, 640, 360)[0]));
        Assert.InRange(Polygons(Draw(crowded, 640, 360)[0]), (12 * 4) + 1, 12 * 5);
    }

    private static Detection Tracked(int trackId, float confidence, float x)
    {
        var detection = SampleJobs.Found("person", confidence, x, 100, 60, 160);
        detection.TrackId = trackId;
        return detection;
    }

    /// <summary>Color of an outline; empty for other events.</summary>
    private static string ColorOf(string line) =>
        line.StartsWith("Dialogue: 0", StringComparison.Ordinal) ? line.Split(@"\1c")[1].Split('&')[1] : "";

    private static int Polygons(string line) => MoveCommand().Count(line);

    private static List<string> Draw(PipelineResult result, int width, int height, bool isHeld = false)
    {
        using var writer = new StringWriter();
        new ResultDrawing(width, height).Write(new AssScript(writer), result, isHeld, 0, 100);
        return [.. writer.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }

    [GeneratedRegex(@"\bm ")]
    private static partial Regex MoveCommand();
}
