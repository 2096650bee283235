using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Annotation;
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
        Assert.Equal(100, done[^1]);
        Assert.Equal(done.Order(), done);
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
        var frame = await Picture.DecodeAsync(Output, 70);
        var person = LabelColors.Of("person");
        Assert.InRange(frame.ShareOf(person, 360, 342, 398), 0.9, 1);
        Assert.InRange(frame.ShareOf(person, 360, 260, 330), 0, 0.05);
        Assert.InRange(frame.ShareOf(LabelColors.Of("car"), 110, 604, 716), 0.9, 1);
        Assert.InRange(frame.ShareOf(LabelColors.Text, 14, 20, 220), 0.9, 1);
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
            var frame = await Picture.DecodeAsync(Output, index);
            return frame.ShareOf(car, 110, 604, 716);
        }

        var original = await Picture.DecodeAsync(RepositoryFiles.Pedestrians, 3);
        var held = await Picture.DecodeAsync(Output, 3);
        Assert.InRange(await EdgeAsync(5), 0.9, 1);
        // A dashed line covers 3 of 5 parts.
        Assert.InRange(await EdgeAsync(3), 0.4, 0.75);
        var changed = Enumerable.Range(604, 112).Count(x =>
            Math.Abs(held.At(x, 110).Red - original.At(x, 110).Red)
            + Math.Abs(held.At(x, 110).Green - original.At(x, 110).Green)
            + Math.Abs(held.At(x, 110).Blue - original.At(x, 110).Blue) > 60);
        Assert.InRange(changed, 40, 95);
        Assert.InRange(await EdgeAsync(10), 0, 0.05);
    }

    [Fact]
    public async Task Annotate_ManyResults_AreDrawnInPartsWithoutASeam()
    {
        var input = await NumberedAsync("-g", "7", "-bf", "2");
        var whole = _folder.File("whole.mp4");
        await AnnotatedClip.MakeAsync(input, whole, Steps(), cancellationToken: Token);

        // 3 events a frame: a part is full after 4 frames.
        await AnnotatedClip.MakeAsync(
            input,
            Output,
            Steps(),
            options: new VideoAnnotatorOptions { ConstantRateFactor = 10, MaxScriptEvents = 12 },
            cancellationToken: Token);

        Assert.Equal(await AnnotatedClip.TimestampsAsync(whole), await AnnotatedClip.TimestampsAsync(Output));
        Assert.Equal(
            await AnnotatedClip.StreamAsync(whole, "duration,nb_frames,time_base"),
            await AnnotatedClip.StreamAsync(Output, "duration,nb_frames,time_base"));
        AssertSteps(await Picture.DecodeAsync(Output));
    }

    [Fact]
    public async Task Annotate_TimestampsOfEveryKind_DrawsEachBoxOnItsOwnFrame()
    {
        // Gaps of one tick, of usual lengths, and of 2 hours, from 0.7 s on: 30 frames at 12,800 ticks a second.
        var input = await NumberedAsync(
            "-vf", "settb=1/12800,setpts=9000+N*512+gt(N\\,9)*92160000-gt(N\\,19)*511+gt(N\\,24)*7",
            "-fps_mode", "passthrough", "-enc_time_base", "1:12800", "-video_track_timescale", "12800");

        await AnnotatedClip.MakeAsync(input, Output, Steps(), cancellationToken: Token);

        // The playback of a video without sound starts with its first frame.
        var expected = await AnnotatedClip.TimestampsAsync(input);
        Assert.Equal(
            expected.Select(time => Math.Round(time - expected[0], 6)),
            (await AnnotatedClip.TimestampsAsync(Output)).Select(time => Math.Round(time, 6)));
        AssertSteps(await Picture.DecodeAsync(Output));
    }

    [Theory]
    [InlineData("c08_duplicate_timestamps", 60, int.MaxValue)]
    [InlineData("c08_duplicate_timestamps", 60, 20)]
    [InlineData("c17_cover_first", 60, 20)]
    public async Task Annotate_OddClip_DrawsEachBoxOnItsOwnFrame(string clip, int count, int maxEvents)
    {
        var results = Enumerable.Range(0, count).Select(index => new FrameResult
        {
            FrameIndex = index,
            Result = new PipelineResult { Detections = { SampleJobs.Found("person", 1, 8 + (4 * index), 90, 30, 40) } },
        });

        await AnnotatedClip.MakeAsync(
            Path.Combine(RepositoryFiles.Root, "tests", "Media.Tests", "cases", clip + ".mp4"),
            Output,
            results,
            options: new VideoAnnotatorOptions { ConstantRateFactor = 10, MaxScriptEvents = maxEvents },
            cancellationToken: Token);

        var person = LabelColors.Of("person");
        Assert.Equal(
            Enumerable.Range(0, count).Select(index => (index, index)),
            (await Picture.DecodeAsync(Output)).Select(
                // The outline is 2 pixels wide.
                picture => (picture.BarCode(), (int)Math.Round((picture.FirstOf(person, 120) + 1 - 8) / 4.0))));
    }

    [Fact]
    public async Task Annotate_FramesThatDoNotDecode_LeavesTheOtherBoxesInPlace()
    {
        var input = await NumberedAsync("-g", "1");
        await Mp4Surgery.EraseFramesAsync(input, 4, 5, 11);

        await AnnotatedClip.MakeAsync(input, Output, Steps(), cancellationToken: Token);

        AssertSteps(await Picture.DecodeAsync(Output), except: [4, 5, 11]);
    }

    [Fact]
    public async Task Annotate_HostileLabel_IsDrawnAsText()
    {
        var result = new FrameResult
        {
            Result = new PipelineResult
            {
                Detections =
                {
                    SampleJobs.Found(@"{\p1\c&H0000FF&}m 0 0 l 320 0 320 176 0 176{\p0}\N", 1, 40, 40, 60, 60),
                },
            },
        };

        await AnnotatedClip.MakeAsync(await NumberedAsync(), Output, [result], cancellationToken: Token);

        var frame = await Picture.DecodeAsync(Output, 0);
        Assert.InRange(frame.ShareOf(new Rgb(255, 0, 0), 170, 0, 320), 0, 0.01);
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
        Assert.Equal("", await AnnotatedClip.SideDataAsync(Output));
        var frame = await Picture.DecodeAsync(Output, 0);
        Assert.InRange(frame.ShareOf(LabelColors.Of("person"), 280, 44, 196), 0.9, 1);
    }

    [Fact]
    public async Task Annotate_NotAVideo_SaysWhyAndLeavesNothing()
    {
        var input = _folder.File("text.mp4");
        await File.WriteAllTextAsync(input, "no video", Token);

        var failure = await Assert.ThrowsAsync<AnnotationException>(
            () => AnnotatedClip.MakeAsync(input, Output, [], cancellationToken: Token));

        Assert.Contains("not a readable MP4", failure.Message, StringComparison.Ordinal);
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

        Assert.Contains("could not create", failure.Message, StringComparison.Ordinal);
        Assert.Contains("no_such_preset", failure.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Theory]
    [InlineData("No such filter: 'ass'", "without libass")]
    [InlineData("Unknown encoder 'libx264'", "without libx264")]
    public async Task Annotate_FfmpegLacksAPart_NamesIt(string log, string expected)
    {
        var tools = Directory.CreateDirectory(_folder.File("tools"));
        var ffprobe = (await Cli.Wrap("which").WithArguments("ffprobe").ExecuteBufferedAsync(Token)).StandardOutput;
        File.CreateSymbolicLink(Path.Combine(tools.FullName, "ffprobe"), ffprobe.Trim());
        var ffmpeg = Path.Combine(tools.FullName, "ffmpeg");
        await File.WriteAllTextAsync(ffmpeg, $"#!/bin/sh\necho \"[AVFilterGraph] {log}\" >&2\nexit 1\n", Token);
        await Cli.Wrap("chmod").WithArguments(["+x", ffmpeg]).ExecuteAsync(Token);

        var failure = await Assert.ThrowsAsync<AnnotationException>(() => AnnotatedClip.MakeAsync(
            RepositoryFiles.Pedestrians,
            Output,
            [],
            options: new VideoAnnotatorOptions { FfmpegPath = ffmpeg },
            cancellationToken: Token));

        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
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
                if (done > 0)
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

    /// <summary>30 frames of 320x176; the number of a frame is its gray: 40 plus 6 times its index.</summary>
    private Task<string> NumberedAsync(params string[] arguments) => Clips.MakeAsync(
        _folder.File("numbered.mp4"),
        [
            "-f", "lavfi", "-i", @"nullsrc=size=320x176:rate=25,geq=lum=40+6*N:cb=128:cr=128", "-frames:v", "30",
            "-c:v", "libx264", "-crf", "10", "-pix_fmt", "yuv420p", .. arguments,
        ]);

    /// <summary>A box that moves by 8 pixels with each frame.</summary>
    private static IEnumerable<FrameResult> Steps() => Enumerable.Range(0, 30).Select(index => new FrameResult
    {
        FrameIndex = index,
        Result = new PipelineResult { Detections = { SampleJobs.Found("person", 1, BoxAt(index), 60, 40, 80) } },
    });

    private static int BoxAt(int index) => 20 + (8 * index);

    /// <summary>Compares the number of each picture with the place of its box.</summary>
    private static void AssertSteps(IReadOnlyList<Picture> pictures, params int[] except)
    {
        var expected = Enumerable.Range(0, 30).Except(except).Select(index => (index, BoxAt(index)));
        var color = LabelColors.Of("person");
        Assert.Equal(
            expected,
            pictures.Select(picture => (
                // Video levels: black is 16, white 235.
                (int)Math.Round(((picture.At(10, 170).Green * 219 / 255.0) + 16 - 40) / 6),
                BoxAt((int)Math.Round((picture.FirstOf(color, 120) - 20) / 8.0)))));
    }
}
