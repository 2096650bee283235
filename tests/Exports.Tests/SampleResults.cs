using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Exports.Tests;

/// <summary>Results of a job in memory.</summary>
internal sealed record SampleResults : IExportSource
{
    public const string JobId = "74e4d46a-598a-431e-8c38-05e05b9dc79a";

    /// <summary>Texts that break formats which do not escape them.</summary>
    public static readonly IReadOnlyList<string> HostileTexts =
    [
        "a,b;c", "say \"hello\"", "two\nlines", "crlf\r\nend", "tab\there", "=HYPERLINK(\"http://x\")", "+49 30 1234",
        "-5", "@user", "'quoted", "; =1+1", "\t=1", "\u202egnp.exe", "\u001b[31mred", "\0nul", "--> 00:00:01.000",
        "<i>x</i> & {\\an8}", "日本語 文字", "🚗 GATE 07", " padded ", "\ufeffbom", "a\u2028b", "100%", "\"",
        "\\N",
    ];

    public ExportedJob Job { get; init; } = new(
        JobId,
        "gate.mp4",
        new VideoInfo
        {
            Width = 768,
            Height = 576,
            FrameCount = 100,
            FrameRate = 10,
            Duration = TimeSpan.FromSeconds(10).ToDuration(),
        },
        FrameStride: 1,
        FramesPerSecond: 0);

    public IReadOnlyList<FrameResult> Frames { get; init; } = [];

    public IReadOnlyList<ObjectTrack> ObjectTracks { get; init; } = [];

    public IReadOnlyList<TextTrack> TextTracks { get; init; } = [];

    /// <summary>
    /// Three frames: a tracked person that one frame has interpolated, an untracked car, and the text GATE 07.
    /// </summary>
    public static SampleResults Tracked()
    {
        var person = Found("person", 0, 0.875f, 10.5f, 20.25f, 30, 60, trackId: 1);
        var car = Found("car", 2, 0.5f, 100, 200, 50.125f, 40, trackId: 0);
        var hidden = Found("person", 0, 0, 12.5f, 20.25f, 30, 60, trackId: 1);
        return new SampleResults
        {
            Frames =
            [
                Frame(0, person, car),
                Frame(1).WithInterpolated(hidden),
                Frame(2, Found("person", 0, 0.75f, 14.5f, 20.25f, 30, 60, trackId: 1)).WithText("GATE 07", 1),
            ],
            ObjectTracks =
            [
                new ObjectTrack
                {
                    TrackId = 1,
                    Label = "person",
                    Confidence = 0.8125f,
                    FramesSeen = 2,
                    First = new TrackPoint { FrameIndex = 0, Box = person.Box },
                    Last = new TrackPoint { FrameIndex = 2, FrameTimestampMs = 200, Box = person.Box },
                    Best = new TrackPoint { FrameIndex = 0, Box = person.Box },
                },
            ],
            TextTracks = [Text(1, "GATE 07", 200, 200)],
        };
    }

    /// <summary>A frame at 10 frames a second.</summary>
    public static FrameResult Frame(int index, params Detection[] detections) => new()
    {
        FrameIndex = index,
        FrameTimestampMs = (uint)(index * 100),
        Result = new PipelineResult { Detections = { detections } },
    };

    public static Detection Found(
        string label, int classId, float confidence, float x, float y, float width, float height, int trackId) => new()
        {
            Label = label,
            ClassId = classId,
            Confidence = confidence,
            Box = new BoundingBox { X = x, Y = y, Width = width, Height = height },
            TrackId = trackId,
        };

    /// <summary>A text from one time to another, in milliseconds.</summary>
    public static TextTrack Text(int trackId, string text, uint first, uint last) => new()
    {
        TrackId = trackId,
        Text = text,
        Confidence = 0.9f,
        FramesSeen = 1,
        First = new TextPoint { FrameIndex = (int)first / 100, FrameTimestampMs = first },
        Last = new TextPoint { FrameIndex = (int)last / 100, FrameTimestampMs = last },
    };

    /// <summary>A frame for each text.</summary>
    public static SampleResults OfTexts(IEnumerable<string> texts) => new()
    {
        Frames = [.. texts.Select((text, index) => Frame(index).WithText(text, 0))],
    };

    /// <summary>Writes an export to a stream that, like a response, refuses synchronous writes.</summary>
    public async Task<byte[]> ExportAsync(ExportFormat format, ExportTable? table = null, params string[] labels)
    {
        using var destination = new AsyncOnlyStream();
        await ExportWriter.WriteAsync(
            this, new ExportOptions { Format = format, Table = table, Labels = labels }, destination,
            TestContext.Current.CancellationToken);
        return destination.ToArray();
    }

    IAsyncEnumerable<FrameResult> IExportSource.ReadFramesAsync(CancellationToken cancellationToken) =>
        Frames.ToAsyncEnumerable();

    IAsyncEnumerable<ObjectTrack> IExportSource.ReadObjectTracksAsync(CancellationToken cancellationToken) =>
        ObjectTracks.ToAsyncEnumerable();

    IAsyncEnumerable<TextTrack> IExportSource.ReadTextTracksAsync(CancellationToken cancellationToken) =>
        TextTracks.ToAsyncEnumerable();
}

/// <summary>Adds findings to frames.</summary>
internal static class SampleFrames
{
    public static FrameResult WithInterpolated(this FrameResult frame, Detection detection)
    {
        frame.Result.InterpolatedDetections.Add(detection);
        return frame;
    }

    public static FrameResult WithText(this FrameResult frame, string text, int trackId)
    {
        frame.Result.TextRegions.Add(new TextRegion
        {
            Text = text,
            Confidence = 0.5f,
            TrackId = trackId,
            Polygon =
            {
                new Point { X = 1, Y = 2 }, new Point { X = 3.5f, Y = 2 }, new Point { X = 3.5f, Y = 4 },
                new Point { X = 1, Y = 4 },
            },
        });
        return frame;
    }
}
