using ForegSyte.Inference.Stages;
using ForegSyte.Inference.Tests.Stages;
using ForegSyte.Inference.Tests.Video;
using ForegSyte.Inference.Video;
using ForegSyte.Inference.Vision;
using ForegSyte.Testing;

namespace ForegSyte.Inference.Tests.Pipelines;

/// <summary>A detector finds the same objects in every pipeline, because the decoder scales for it in each.</summary>
public sealed class ScalingTests(LoadedModels models) : IClassFixture<LoadedModels>, IDisposable
{
    private static readonly DecodeSize Square = new(416, 416);
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Detections_AloneAndBesideTextRecognition_AreEqual()
    {
        var stage = LoadedModels.Detector(models.Sessions, "nanodet_g_416");
        Assert.Equal(DecodeSize.Shaped(416, 416), stage.DecodeSize);

        var alone = await DetectAsync(stage, stage.DecodeSize);
        var beside = await DetectAsync(stage, DecodeSize.Of([stage.DecodeSize, DecodeSize.Native]));

        Assert.Equal(100, alone.Count);
        Assert.Equal(alone, beside);
        Assert.True(alone.Sum(frame => frame.Count(label => label == '{')) > 300, "There must be objects to compare.");
    }

    [Theory]
    [InlineData(320, 240)]
    [InlineData(96, 720)]
    [InlineData(416, 416)]
    [InlineData(1280, 90)]
    [InlineData(2, 2)]
    public async Task Copy_OfAnySource_HasThePixelsOfAFrameOfItsSize(int width, int height)
    {
        var path = await Clips.MakeTestPictureAsync(_folder.File("a.mp4"), width, height, frames: 3);
        var other = new DecodeSize(512, 288);

        var native = await ReadAsync(path, DecodeSize.Native, DecodeSize.Native);
        var square = await ReadAsync(path, Square, Square);
        var wide = await ReadAsync(path, other, other);
        var both = DecodeSize.Of([Square, other, DecodeSize.Native]);

        Assert.Equal(3, native.Count);
        Assert.Equal(native, await ReadAsync(path, both, DecodeSize.Native));
        Assert.Equal(square, await ReadAsync(path, both, Square));
        Assert.Equal(wide, await ReadAsync(path, both, other));
        Assert.Equal(wide, await ReadAsync(path, DecodeSize.Of([Square, other]), other));

        var shape = InputShape.Of(416, 416, width, height);
        var shaped = await ReadAsync(path, new DecodeSize(shape.Width, shape.Height), new(shape.Width, shape.Height));
        var all = DecodeSize.Of([Square, DecodeSize.Shaped(416, 416), DecodeSize.Native]);
        Assert.Equal(shaped, await ReadAsync(path, all, DecodeSize.Shaped(416, 416), shape));
        Assert.Equal(square, await ReadAsync(path, all, Square));
    }

    [Fact]
    public async Task Copy_InAVideoOfCloseTimestamps_BelongsToItsFrame()
    {
        // hstack's own clock cannot tell these frames apart: a microsecond has ten of their ticks.
        var path = await Clips.MakeAsync(
            _folder.File("a.mp4"),
            "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=10", "-frames:v", "20", "-c:v", "libx264", "-pix_fmt",
            "yuv420p", "-vf", "settb=1/10000000,setpts=N*3", "-fps_mode", "passthrough", "-enc_time_base",
            "1/10000000", "-bf", "0", "-video_track_timescale", "10000000");

        var alone = await ReadAsync(path, Square, Square);

        Assert.Equal(20, alone.Distinct().Count());
        Assert.Equal(alone, await ReadAsync(path, DecodeSize.Of([Square, DecodeSize.Native]), Square));
    }

    private static async Task<List<string>> ReadAsync(
        string path, DecodeSize size, DecodeSize wanted, (int Width, int Height)? expected = null)
    {
        var seen = new List<string>();
        await new VideoParts().ReadAsync(path, size: size, onFrame: frame =>
        {
            var image = frame.ImageFor(wanted);
            if (wanted.Width is { } width)
            {
                Assert.Equal(expected ?? (width, wanted.Height!.Value), (image.Width, image.Height));
            }

            var pixels = new byte[image.Width * image.Height * RgbImage.BytesPerPixel];
            image.CopyTo(pixels);
            seen.Add(FormattableString.Invariant($"{frame.Index} {SeenFrame.HashOf(pixels)}"));
        });
        return seen;
    }

    private static async Task<List<string>> DetectAsync(IStage stage, DecodeSize size)
    {
        var found = new List<string>();
        await new VideoParts().ReadAsync(RepositoryFiles.Pedestrians, size: size, onFrame: frame =>
        {
            var output = stage.ProcessAsync(new StageInput(frame, []), CancellationToken.None);
            Assert.True(output.IsCompleted, "On a CPU a stage runs on the calling thread.");
            found.Add(string.Join(' ', output.Result.Detections));
        });
        return found;
    }
}
