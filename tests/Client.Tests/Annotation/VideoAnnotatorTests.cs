using ForegSyte.Client.Tests.Fakes;
using ForegSyte.CommandLine.Annotation;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Client.Tests.Annotation;

public sealed class VideoAnnotatorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Output => _folder.File("annotated.mp4");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Annotate_Pedestrians_KeepsFramesSizeAndTimes()
    {
        var done = new List<int>();
        var count = await AnnotatedClip.MakeAsync(
            RepositoryFiles.Pedestrians,
            Output,
            Enumerable.Range(0, 100).Select(SampleJobs.Frame),
            framesDone: done.Add,
            cancellationToken: Token);

        Assert.Equal(100, count);
        Assert.Equal(Enumerable.Range(1, 100), done);
        Assert.Equal(
            "h264,768,576,yuv420p,tv,bt709,10/1",
            await AnnotatedClip.StreamAsync(
                Output, "codec_name,width,height,pix_fmt,color_range,color_space,avg_frame_rate"));
        Assert.Equal(
            await AnnotatedClip.TimestampsAsync(RepositoryFiles.Pedestrians),
            await AnnotatedClip.TimestampsAsync(Output));
        Assert.Equal([Output], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public async Task Annotate_Pedestrians_DrawsEachFramesOwnBoxInTheLabelsColor()
    {
        await AnnotatedClip.MakeAsync(
            RepositoryFiles.Pedestrians,
            Output,
            Enumerable.Range(0, 100).Select(SampleJobs.Frame),
            cancellationToken: Token);

        // The lower edge of the person is at y = 360; the box moves by 2 pixels per frame.
        using var frame = await AnnotatedClip.FrameAsync(Output, 70);
        var person = LabelColors.Of("person");
        Assert.InRange(AnnotatedClip.ShareOf(frame, person, 360, 342, 398), 0.9, 1);
        Assert.InRange(AnnotatedClip.ShareOf(frame, person, 360, 260, 330), 0, 0.05);
        Assert.InRange(AnnotatedClip.ShareOf(frame, LabelColors.Of("car"), 110, 604, 716), 0.9, 1);
        Assert.InRange(AnnotatedClip.ShareOf(frame, LabelColors.Text, 14, 20, 220), 0.9, 1);
    }

    [Fact]
    public async Task Annotate_Stride_HoldsTheLastBoxDimmedAndDashedUntilTheNext()
    {
        // The job analyzed the frames 0 and 5 and then reached max_frames = 2.
        await AnnotatedClip.MakeAsync(
            RepositoryFiles.Pedestrians,
            Output,
            [SampleJobs.Frame(0), SampleJobs.Frame(5)],
            frameStride: 5,
            cancellationToken: Token);

        var car = LabelColors.Of("car");
        async Task<double> EdgeAsync(int index)
        {
            using var frame = await AnnotatedClip.FrameAsync(Output, index);
            return AnnotatedClip.ShareOf(frame, car, 110, 604, 716);
        }

        using var original = await AnnotatedClip.FrameAsync(RepositoryFiles.Pedestrians, 3);
        using var held = await AnnotatedClip.FrameAsync(Output, 3);
        Assert.InRange(await EdgeAsync(5), 0.9, 1);
        // A dashed line covers 3 of 5 parts.
        Assert.InRange(await EdgeAsync(3), 0.4, 0.75);
        var changed = Enumerable.Range(604, 112).Count(x =>
            Math.Abs(held.GetPixel(x, 110).Red - original.GetPixel(x, 110).Red)
            + Math.Abs(held.GetPixel(x, 110).Green - original.GetPixel(x, 110).Green)
            + Math.Abs(held.GetPixel(x, 110).Blue - original.GetPixel(x, 110).Blue) > 60);
        Assert.InRange(changed, 40, 95);
        Assert.InRange(await EdgeAsync(10), 0, 0.05);
    }

    [Fact]
    public async Task Annotate_OddSize_PadsToEven()
    {
        // Only yuv444p supports odd sizes.
        var input = await Clips.MakeAsync(
            _folder.File("odd.mp4"),
            "-f", "lavfi", "-i", "testsrc=size=321x241:rate=10", "-frames:v", "5",
            "-c:v", "libx264", "-pix_fmt", "yuv444p");

        await AnnotatedClip.MakeAsync(input, Output, [], cancellationToken: Token);

        Assert.Equal("322,242,5", await AnnotatedClip.StreamAsync(Output, "width,height,nb_frames"));
    }

    [Fact]
    public async Task Annotate_VariableFrameRate_KeepsEveryTimestamp()
    {
        var input = await Clips.MakeAsync(
            _folder.File("variable.mp4"),
            "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=30000/1001", "-frames:v", "40",
            "-vf", @"select=not(mod(n\,3))+eq(mod(n\,7)\,1)", "-fps_mode", "passthrough", "-enc_time_base", "1:30000",
            "-c:v", "libx264", "-pix_fmt", "yuv420p");
        var expected = await AnnotatedClip.TimestampsAsync(input);
        Assert.True(
            expected.Zip(expected.Skip(1), (a, b) => Math.Round(b - a, 3)).Distinct().Count() > 1,
            "The clip has a constant frame rate, so the test proves nothing.");

        await AnnotatedClip.MakeAsync(input, Output, [], cancellationToken: Token);

        var actual = await AnnotatedClip.TimestampsAsync(Output);
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First - expected[0], pair.Second, 1e-5));
    }

    [Fact]
    public async Task Annotate_RotatedVideo_DrawsOnTheFrameAsItIsShown()
    {
        var upright = await Clips.MakeAsync(
            _folder.File("upright.mp4"),
            "-f", "lavfi", "-i", "color=gray:size=320x240:rate=10", "-frames:v", "3", "-pix_fmt", "yuv420p");
        var input = await Clips.MakeAsync(
            _folder.File("rotated.mp4"), "-i", upright, "-c", "copy", "-metadata:s:v", "rotate=90");
        var result = new FrameResult
        {
            Result = new PipelineResult { Detections = { SampleJobs.Found("person", 1, 40, 200, 160, 80) } },
        };

        await AnnotatedClip.MakeAsync(input, Output, [result], cancellationToken: Token);

        Assert.Equal("240,320", await AnnotatedClip.StreamAsync(Output, "width,height"));
        using var frame = await AnnotatedClip.FrameAsync(Output, 0);
        Assert.InRange(AnnotatedClip.ShareOf(frame, LabelColors.Of("person"), 280, 44, 196), 0.9, 1);
    }

    [Fact]
    public async Task Annotate_NotAVideo_SaysWhyAndLeavesNothing()
    {
        var input = _folder.File("text.mp4");
        await File.WriteAllTextAsync(input, "no video", Token);

        var failure = await Assert.ThrowsAsync<AnnotationException>(
            () => AnnotatedClip.MakeAsync(input, Output, [], cancellationToken: Token));

        Assert.Contains("could not decode", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Invalid data", failure.Message, StringComparison.Ordinal);
        Assert.Equal([input], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public async Task Annotate_EncoderFails_IncludesItsError()
    {
        var failure = await Assert.ThrowsAsync<AnnotationException>(() => AnnotatedClip.MakeAsync(
            RepositoryFiles.Pedestrians,
            Output,
            [],
            options: new VideoAnnotatorOptions { Preset = "no_such_preset" },
            cancellationToken: Token));

        Assert.Contains("could not encode", failure.Message, StringComparison.Ordinal);
        Assert.Contains("no_such_preset", failure.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public async Task Annotate_FfmpegMissing_SaysWhatToInstall()
    {
        var failure = await Assert.ThrowsAsync<AnnotationException>(() => AnnotatedClip.MakeAsync(
            RepositoryFiles.Pedestrians,
            Output,
            [],
            options: new VideoAnnotatorOptions { FfmpegPath = "no-such-ffmpeg" },
            cancellationToken: Token));

        Assert.Contains("apt-get install ffmpeg", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Annotate_Cancelled_StopsAndLeavesNothing()
    {
        using var source = CancellationTokenSource.CreateLinkedTokenSource(Token);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => AnnotatedClip.MakeAsync(
            RepositoryFiles.Pedestrians,
            Output,
            [],
            framesDone: done =>
            {
                if (done == 10)
                {
                    source.Cancel();
                }
            },
            cancellationToken: source.Token));

        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public async Task Annotate_ResultsFailMidway_FailsAndLeavesNothing()
    {
        static IEnumerable<FrameResult> BreakOff()
        {
            yield return SampleJobs.Frame(0);
            yield return SampleJobs.Frame(1);
            throw new IOException("The server went away.");
        }

        var failure = await Assert.ThrowsAnyAsync<Exception>(
            () => AnnotatedClip.MakeAsync(RepositoryFiles.Pedestrians, Output, BreakOff(), cancellationToken: Token));

        Assert.Contains("The server went away.", failure.ToString(), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }
}
