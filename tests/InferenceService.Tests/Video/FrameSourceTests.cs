using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.Video;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Inference.Tests.Video;

public sealed class FrameSourceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task ReadAsync_SteadyRate_TimestampsAreTheContainers()
    {
        var path = await Clips.MakeTestPictureAsync(_folder.File("a.mp4"), frames: 5, framesPerSecond: 10);

        var seen = await new VideoParts().ReadAsync(path);

        Assert.Equal([0u, 100u, 200u, 300u, 400u], seen.Select(frame => frame.TimestampMs));
    }

    [Fact]
    public async Task ReadAsync_EditListHidesTheBeginning_TimestampsStartAtZero()
    {
        var whole = await Clips.MakeX264Async(_folder.File("whole.mp4"), "bframes=3:keyint=10");
        var cut = await Clips.MakeCutAsync(_folder.File("cut.mp4"), whole, "0.53");

        var seen = await new VideoParts().ReadAsync(cut);

        // At 25 frames a second, 0.53 s is between the frames 13 and 14.
        Assert.Equal(Enumerable.Range(0, seen.Count), seen.Select(frame => frame.Index));
        Assert.Equal(0u, seen[0].TimestampMs);
        Assert.Equal(40u, seen[1].TimestampMs);
        Assert.InRange(seen.Count, 46, 47);
    }

    [Theory]
    [InlineData(90, 80, 16)]
    [InlineData(180, 144, 80)]
    [InlineData(270, 16, 144)]
    public async Task ReadAsync_RotatedTrack_GivesFramesAsShown(int degrees, int redX, int redY)
    {
        var path = await Clips.MakeRedCornerAsync(_folder.File("a.mp4"));
        Mp4Surgery.Rotate(path, degrees);
        var parts = new VideoParts();
        var index = await parts.Probe.ReadAsync(VideoFile.Open(path), TestContext.Current.CancellationToken);

        await foreach (var frame in parts.Source.ReadAsync(
            VideoFile.Open(path), index, null, 1, 0, DecodeSize.Native, parts.Meter,
            TestContext.Current.CancellationToken))
        {
            using (frame)
            {
                Assert.Equal(degrees % 180 == 0 ? (160, 96) : (96, 160), (frame.Width, frame.Height));
                var red = frame.Pixels.Span.Slice(((redY * frame.Width) + redX) * 3, 3);
                Assert.True(red[0] > 200 && red[1] < 60 && red[2] < 60, "The red square is not in its corner.");
            }
        }

        Assert.Equal(3, parts.Meter.Delivered);
    }

    [Fact]
    public async Task ReadAsync_FixedSize_StretchesInTheDecoderAndKeepsTheSourceSize()
    {
        var path = await Clips.MakeTestPictureAsync(_folder.File("a.mp4"), frames: 2);
        var parts = new VideoParts();
        var index = await parts.Probe.ReadAsync(VideoFile.Open(path), TestContext.Current.CancellationToken);

        await foreach (var frame in parts.Source.ReadAsync(
            VideoFile.Open(path), index, null, 1, 0, new DecodeSize(64, 48), parts.Meter,
            TestContext.Current.CancellationToken))
        {
            using (frame)
            {
                Assert.Equal((64, 48, 320, 240), (frame.Width, frame.Height, frame.SourceWidth, frame.SourceHeight));
            }
        }

        Assert.Equal(2, parts.Meter.Delivered);
    }

    [Fact]
    public async Task ReadAsync_DamagedFrames_AreCountedAsFailedAndTheOthersKeepTheirIndexes()
    {
        var path = await Clips.MakeIndependentFramesAsync(_folder.File("a.mp4"), frames: 10);
        await Mp4Surgery.EraseFramesAsync(path, 0, 4, 9);
        var parts = new VideoParts();

        var seen = await parts.ReadAsync(path, stride: 2);

        Assert.Equal([2, 6, 8], seen.Select(frame => frame.Index));
        Assert.Equal(
            new FrameAccounting
            {
                Total = 10,
                Analyzed = 3,
                Skipped = 5,
                Failed = 2,
                Failures = { new FrameFailureCount { Reason = "UNDECODABLE_VIDEO", FrameCount = 2 } },
            },
            parts.Meter.ToAccounting());
    }

    [Fact]
    public async Task ReadAsync_EveryFrameDamaged_IsUndecodable()
    {
        var path = await Clips.MakeIndependentFramesAsync(_folder.File("a.mp4"), frames: 4);
        await Mp4Surgery.EraseFramesAsync(path, 0, 1, 2, 3);

        var failure = await Assert.ThrowsAsync<ServiceException>(() => new VideoParts().ReadAsync(path));

        Assert.Equal(ErrorReason.UndecodableVideo, failure.Reason);
    }

    [Fact]
    public async Task ReadAsync_FlippedBytesAnywhereInTheData_AccountsForEveryFrame()
    {
        var random = new Random(20);
        for (var run = 0; run < 8; run++)
        {
            var path = await Clips.MakeTestPictureAsync(
                _folder.File($"{run}.mp4"), width: 160, height: 120, frames: 30);
            var bytes = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
            var data = Mp4Surgery.OffsetOf(path, "mdat"u8) + 8;
            for (var flip = 0; flip < 40; flip++)
            {
                bytes[random.Next(data, bytes.Length)] ^= (byte)(1 << random.Next(8));
            }

            await File.WriteAllBytesAsync(path, bytes, TestContext.Current.CancellationToken);
            var parts = new VideoParts();
            var seen = await parts.ReadAsync(path, start: 2, stride: 3);
            var frames = parts.Meter.ToAccounting();

            Assert.Equal(28, frames.Total);
            Assert.Equal(frames.Total, frames.Analyzed + frames.Skipped + frames.Failed);
            Assert.Equal(frames.Failed, frames.Failures.Sum(failure => failure.FrameCount));
            Assert.Equal(seen.Count, frames.Analyzed);
            Assert.Equal(seen.Select(frame => frame.Index).Distinct().Order(), seen.Select(frame => frame.Index));
        }
    }

    [Fact]
    public async Task ReadAsync_RangeWithoutAMultipleOfTheStride_GivesNothingAndSkipsAll()
    {
        var path = await Clips.MakeTestPictureAsync(_folder.File("a.mp4"));
        var parts = new VideoParts();

        Assert.Empty(await parts.ReadAsync(path, 11, 15, stride: 10));

        Assert.Equal(new FrameAccounting { Total = 4, Skipped = 4 }, parts.Meter.ToAccounting());
    }

    [Fact]
    public async Task ReadAsync_LargeStrideOfLargeFrames_GivesTheFramesOfAPlainReadFromSeveralDecoders()
    {
        var path = await LargeClipAsync();
        var size = new DecodeSize(64, 64);
        var expected = (await new VideoParts().ReadAsync(path, size: size)).Where(frame => frame.Index % 13 == 0);
        var parts = new VideoParts();
        var index = await parts.Probe.ReadAsync(VideoFile.Open(path), TestContext.Current.CancellationToken);
        Assert.InRange(DecodePlan.Make(index, null, 13).Split(index).Count, 3, 4);

        Assert.Equal(expected, await parts.ReadAsync(path, stride: 13, size: size, jobEnd: index.FrameCount));

        Assert.Equal(4, parts.Meter.Delivered);
        Assert.Empty(ChildProcesses.UsingFile(path));
    }

    [Fact]
    public async Task ReadAsync_LargeStrideAbandoned_LeavesNoDecoder()
    {
        var path = await LargeClipAsync();
        var parts = new VideoParts();
        var index = await parts.Probe.ReadAsync(VideoFile.Open(path), TestContext.Current.CancellationToken);

        await foreach (var frame in parts.Source.ReadAsync(
            VideoFile.Open(path), index, null, 13, 0, new DecodeSize(64, 64), parts.Meter,
            TestContext.Current.CancellationToken))
        {
            frame.Dispose();
            break;
        }

        Assert.Empty(ChildProcesses.UsingFile(path));
    }

    [Fact]
    public async Task ReadAsync_OnePartOfSeveralDamaged_GivesTheFramesOfTheOthers()
    {
        var path = await LargeClipAsync();
        await Mp4Surgery.EraseFramesAsync(path, [.. Enumerable.Range(0, 10)]);
        var parts = new VideoParts();

        var seen = await parts.ReadAsync(path, stride: 13, size: new DecodeSize(64, 64));

        Assert.Equal([13, 26, 39], seen.Select(frame => frame.Index));
        Assert.Equal(1, parts.Meter.ToAccounting().Failed);
    }

    /// <summary>Makes frames so large that a decoder starts in the time of a few.</summary>
    private Task<string> LargeClipAsync() => Clips.MakeAsync(
        _folder.File("large.mp4"), "-f", "lavfi", "-i", "testsrc2=size=3840x2160:rate=25", "-frames:v", "50",
        "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "5");
}
