using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Inference.V1;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Inference.Tests.Grpc;

/// <summary>Parts of annotated copies, joined and read by FFmpeg.</summary>
public sealed class AnnotateVideoTests(RunningService service) : IClassFixture<RunningService>
{
    private const int Frames = 30;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Parts_FollowEachOther_WithTheTimesOfTheVideoAndTheBoxesOfTheirFrames()
    {
        var path = await ClipAsync("parts.mp4");
        var copy = service.Videos.File("copy.mp4");
        await using (var file = File.Create(copy))
        {
            foreach (var (start, end) in new[] { (0, 7), (7, 20), (20, Frames) })
            {
                var part = await service.Client.AnnotateVideoAsync(
                    Request(path, start, end, frame => frame >= 15), cancellationToken: Cancel);
                Assert.Equal(end - start, part.Frames);
                await file.WriteAsync(start == 0 ? part.Header.Memory : default, Cancel);
                await file.WriteAsync(part.Fragments.Memory, Cancel);
            }
        }

        Assert.Equal(Enumerable.Range(0, Frames).Select(frame => $"{frame / 10.0:0.000000}"), await TimesAsync(copy));
        var pixels = await PixelsAsync(copy);
        for (var frame = 0; frame < Frames; frame++)
        {
            // In the middle of the upper edge of the box, which is thicker than two pixels.
            var at = ((frame * 240) + 100) * 320 * 3 + (150 * 3);
            var isBox = IsColored(pixels.AsSpan(at, 3));
            Assert.True(isBox == frame >= 15, $"Frame {frame} has a box: {isBox}");
        }
    }

    [Fact]
    public async Task Headers_OfAllParts_AreEqual()
    {
        var path = await ClipAsync("header.mp4");

        var first = await service.Client.AnnotateVideoAsync(Request(path, 0, 10), cancellationToken: Cancel);
        var last = await service.Client.AnnotateVideoAsync(Request(path, 20, Frames), cancellationToken: Cancel);

        Assert.True(first.Header.Length > 100, "There is no header.");
        Assert.Equal(first.Header, last.Header);
        Assert.Equal("moof", System.Text.Encoding.ASCII.GetString(last.Fragments.Span.Slice(4, 4)));
    }

    [Fact]
    public async Task FramesThatAStrideLeftOut_ShowBoxesOnTheirWay()
    {
        var path = await ClipAsync("stride.mp4");
        var request = Request(path, 0, 10, _ => false);
        request.FrameStride = 10;
        request.Results.Clear();
        request.Results.Add(Frame(0, left: 20, trackId: 3));
        request.Results.Add(Frame(10, left: 220, trackId: 3));

        var part = await service.Client.AnnotateVideoAsync(request, cancellationToken: Cancel);

        var copy = service.Videos.File("stride-copy.mp4");
        await File.WriteAllBytesAsync(copy, [.. part.Header, .. part.Fragments], Cancel);
        var pixels = await PixelsAsync(copy);
        Assert.True(HasBoxAt(frame: 5, x: 120), "The box is not half way in the middle.");
        Assert.False(HasBoxAt(frame: 5, x: 20), "The box is still where it was.");

        // The left edge is dashed: some pixel of it is colored.
        bool HasBoxAt(int frame, int x) => Enumerable.Range(100, 60).Any(y =>
            IsColored(pixels.AsSpan((((frame * 240) + y) * 320 * 3) + (x * 3), 3)));
    }

    [Fact]
    public async Task RangeOutsideTheVideo_IsRefused()
    {
        var path = await ClipAsync("range.mp4");

        var (reason, _) = await RunningService.FailureOfAsync(
            service.Client.AnnotateVideoAsync(Request(path, Frames, Frames + 5), cancellationToken: Cancel));

        Assert.Equal(ErrorReason.InvalidFrameRange, reason);
    }

    [Fact]
    public async Task PartThatExceedsAMessage_IsTooLarge()
    {
        await using var small = new RunningService(new() { ["Grpc:MaxResponseBytes"] = "4096" });
        await small.InitializeAsync();
        var path = await Clips.MakeTestPictureAsync(small.Videos.File("large.mp4"));

        var (reason, failure) = await RunningService.FailureOfAsync(
            small.Client.AnnotateVideoAsync(Request(path, 0, Frames), cancellationToken: Cancel));

        Assert.Equal(ErrorReason.ResultsTooLarge, reason);
        Assert.Contains("Grpc:MaxResponseBytes", failure.Status.Detail, StringComparison.Ordinal);
    }

    /// <summary>A gray video, on which boxes are the only color.</summary>
    private Task<string> ClipAsync(string name) => Clips.MakeAsync(
        service.Videos.File(name), "-f", "lavfi", "-i", "color=gray:size=320x240:rate=10", "-frames:v", $"{Frames}",
        "-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "12", "-bf", "2");

    private static AnnotateVideoRequest Request(string path, int start, int end, Func<int, bool>? hasBox = null)
    {
        var request = new AnnotateVideoRequest
        {
            Video = new VideoSource { Uri = new Uri(path).AbsoluteUri },
            Range = new FrameRange { StartFrame = start, EndFrame = end },
        };
        request.Results.AddRange(Enumerable.Range(start, end - start)
            .Where(frame => hasBox?.Invoke(frame) == true)
            .Select(frame => Frame(frame, left: 100, trackId: 0)));
        return request;
    }

    private static FrameResult Frame(int frame, int left, int trackId) => new()
    {
        FrameIndex = frame,
        FrameTimestampMs = (uint)frame * 100,
        Result = new PipelineResult
        {
            Detections =
            {
                new Detection
                {
                    Label = "person",
                    TrackId = trackId,
                    Confidence = 0.5f,
                    Box = new BoundingBox { X = left, Y = 100, Width = 90, Height = 60 },
                },
            },
        },
    };

    private static bool IsColored(ReadOnlySpan<byte> pixel) =>
        Math.Max(pixel[0], Math.Max(pixel[1], pixel[2])) - Math.Min(pixel[0], Math.Min(pixel[1], pixel[2])) > 25;

    private static async Task<string[]> TimesAsync(string path)
    {
        var result = await Cli.Wrap("ffprobe")
            .WithArguments(["-v", "error", "-show_entries", "frame=pts_time", "-of", "csv=p=0", path])
            .ExecuteBufferedAsync(Cancel);
        return [.. result.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.TrimEnd(','))];
    }

    private static async Task<byte[]> PixelsAsync(string path)
    {
        using var pixels = new MemoryStream();
        await Cli.Wrap("ffmpeg")
            .WithArguments([
                "-v", "error", "-nostdin", "-i", path, "-fps_mode", "passthrough", "-pix_fmt", "rgb24", "-f",
                "rawvideo", "-",
            ])
            .WithStandardOutputPipe(PipeTarget.ToStream(pixels))
            .ExecuteAsync(Cancel);
        return pixels.ToArray();
    }
}
