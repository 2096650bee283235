using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.Video;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Inference.Tests.Video;

/// <summary>One decoder for all segments of a job: the frames of a plain read, and no process left behind.</summary>
public sealed class DecoderPoolTests : IDisposable
{
    private const int Frames = 60;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public async Task ReadAsync_SegmentsOfAJob_ComeFromOneDecoderAndAreThoseOfAPlainRead(int stride)
    {
        var path = await ClipAsync();
        var expected = await new VideoParts().ReadAsync(path, stride: stride);
        var parts = new VideoParts();
        List<SeenFrame> seen = [];
        List<int> decoders = [];

        for (var start = 0; start < Frames; start += 15)
        {
            seen.AddRange(await parts.ReadAsync(path, start, start + 15, stride, jobEnd: Frames));
            decoders.AddRange(ChildProcesses.UsingFile(path));
        }

        Assert.Equal(expected, seen);
        Assert.Single(decoders.Distinct());
        Assert.Empty(ChildProcesses.UsingFile(path));
    }

    [Fact]
    public async Task ReadAsync_NextSegmentAskedForEarly_WaitsForTheDecoderOfTheFirst()
    {
        var path = await ClipAsync();
        var expected = await new VideoParts().ReadAsync(path);
        var parts = new VideoParts();
        await using var first = await StartAsync(parts, path, 0, 20);

        var second = parts.ReadAsync(path, 20, 40, jobEnd: Frames);
        Assert.Single(ChildProcesses.UsingFile(path));
        await ReadToEndAsync(first);

        Assert.Equal(expected[20..40], await second);
        Assert.Single(ChildProcesses.UsingFile(path));
        await parts.Decoders.DisposeAsync();
    }

    [Fact]
    public async Task ReadAsync_FirstSegmentAbandoned_TheNextGetsADecoderOfItsOwn()
    {
        var path = await ClipAsync();
        var expected = await new VideoParts().ReadAsync(path);
        var parts = new VideoParts();
        var first = await StartAsync(parts, path, 0, 20);
        var second = parts.ReadAsync(path, 20, 40, jobEnd: Frames);

        await first.DisposeAsync();

        Assert.Equal(expected[20..40], await second);
        await parts.Decoders.DisposeAsync();
    }

    [Fact]
    public async Task ReadAsync_DecoderOfTheFirstIsKilled_TheNextGetsADecoderOfItsOwn()
    {
        var path = await ClipAsync();
        var expected = await new VideoParts().ReadAsync(path);
        var parts = new VideoParts();
        await using var first = await StartAsync(parts, path, 0, 20);
        var second = parts.ReadAsync(path, 20, 40, jobEnd: Frames);

        ChildProcesses.KillUser(path);
        var failure = await Assert.ThrowsAsync<ServiceException>(() => ReadToEndAsync(first));

        Assert.Equal(ErrorReason.DecoderLost, failure.Reason);
        Assert.Equal(expected[20..40], await second);
        await parts.Decoders.DisposeAsync();
    }

    [Fact]
    public async Task ReadAsync_SegmentInLineIsCancelled_FirstAndNextUseTheDecoder()
    {
        var path = await ClipAsync();
        var expected = await new VideoParts().ReadAsync(path);
        var parts = new VideoParts();
        await using var first = await StartAsync(parts, path, 0, 20);
        var decoder = Assert.Single(ChildProcesses.UsingFile(path));
        using var cancel = new CancellationTokenSource();
        var inLine = ReadToEndAsync(await OpenAsync(parts, path, 20, 40, cancel.Token));

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => inLine);
        Assert.Equal(19, await ReadToEndAsync(first));
        Assert.Equal(1, parts.Decoders.IdleCount);
        Assert.Equal(expected[20..40], await parts.ReadAsync(path, 20, 40, jobEnd: Frames));
        Assert.Equal([decoder], ChildProcesses.UsingFile(path));
        await parts.Decoders.DisposeAsync();
    }

    [Fact]
    public async Task ReadAsync_FirstSegmentIsCancelledBesideOneInLine_LeavesNoDecoderOfTheFirst()
    {
        var path = await ClipAsync();
        var expected = await new VideoParts().ReadAsync(path);
        var parts = new VideoParts();
        using var cancel = new CancellationTokenSource();
        var first = await OpenAsync(parts, path, 0, 20, cancel.Token);
        Assert.True(await first.MoveNextAsync(), "The clip must have a first frame.");
        first.Current.Dispose();
        var decoder = Assert.Single(ChildProcesses.UsingFile(path));
        var second = parts.ReadAsync(path, 20, 40, jobEnd: Frames);

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ReadToEndAsync(first));

        Assert.Equal(expected[20..40], await second);
        Assert.DoesNotContain(decoder, ChildProcesses.UsingFile(path));
        Assert.Equal(1, parts.Decoders.IdleCount);
        await parts.Decoders.DisposeAsync();
        Assert.Empty(ChildProcesses.UsingFile(path));
    }

    [Fact]
    public async Task ReadAsync_NoSegmentFollows_LeavesNoDecoder()
    {
        var path = await ClipAsync();

        await new VideoParts().ReadAsync(path, 0, 20);

        Assert.Empty(ChildProcesses.UsingFile(path));
    }

    [Fact]
    public async Task ReadAsync_MemoryIsWanted_EndsTheIdleDecoder()
    {
        var path = await ClipAsync();
        var parts = new VideoParts(budget: 1L << 30);
        await parts.ReadAsync(path, 0, 20, jobEnd: Frames);
        Assert.Equal(1, parts.Decoders.IdleCount);
        Assert.InRange(parts.Memory.Used, 1, parts.Memory.Bytes);

        using var all = await parts.Memory.TakeAsync(
            [parts.Memory.Bytes], isBrief: false, TestContext.Current.CancellationToken);

        Assert.Equal(0, parts.Decoders.IdleCount);
        Assert.Empty(ChildProcesses.UsingFile(path));
    }

    [Fact]
    public async Task ReadAsync_MoreDecodersThanMayWait_EndsTheNextOne()
    {
        var path = await ClipAsync();
        var parts = new VideoParts(new VideoOptions { WaitingDecoders = 1 });

        await parts.ReadAsync(path, 0, 20, jobEnd: Frames);
        await parts.ReadAsync(path, 0, 10, stride: 2, jobEnd: Frames);

        Assert.Equal(1, parts.Decoders.IdleCount);
        Assert.Single(ChildProcesses.UsingFile(path));
        await parts.Decoders.DisposeAsync();
    }

    [Fact]
    public async Task ReadAsync_DecoderUsedForHalfOfItsProcessorTime_IsNotUsedAgain()
    {
        var path = await ClipAsync();
        var parts = new VideoParts(new VideoOptions { ProcessCpuSeconds = 60, DecoderThreads = 2 });
        await using var first = await StartAsync(parts, path, 0, 20);

        parts.Time.Advance(TimeSpan.FromSeconds(10));
        await ReadToEndAsync(first);

        Assert.Equal(0, parts.Decoders.IdleCount);
    }

    [Fact]
    public async Task ReadAsync_WaitingDecoderWasKilled_IsDecoderLostAndTheNextTryStartsOne()
    {
        var path = await ClipAsync();
        var expected = await new VideoParts().ReadAsync(path);
        var parts = new VideoParts();
        await parts.ReadAsync(path, 0, 20, jobEnd: Frames);

        ChildProcesses.KillUser(path);
        var failure = await Assert.ThrowsAsync<ServiceException>(
            () => parts.ReadAsync(path, 20, Frames, jobEnd: Frames));

        Assert.Equal(ErrorReason.DecoderLost, failure.Reason);
        Assert.Equal(expected[20..], await parts.ReadAsync(path, 20, Frames, jobEnd: Frames));
    }

    [Fact]
    public async Task ReadAsync_FileChangedBetweenSegments_StartsADecoderOfTheNewOne()
    {
        var path = await ClipAsync();
        var parts = new VideoParts();
        await parts.ReadAsync(path, 0, 20, jobEnd: Frames);
        var other = await Clips.MakeTestPictureAsync(_folder.File("other.mp4"), width: 160, height: 96, frames: Frames);
        File.Move(other, path, overwrite: true);
        var expected = await new VideoParts().ReadAsync(path);

        Assert.Equal(expected[20..], await parts.ReadAsync(path, 20, Frames, jobEnd: Frames));
        await parts.Decoders.DisposeAsync();
    }

    [Fact]
    public async Task ReadAsync_SegmentsThatAreFarApart_StartsADecoderWhereThatIsLessWork()
    {
        var path = await Clips.MakeAsync(
            _folder.File("large.mp4"), "-f", "lavfi", "-i", "testsrc2=size=3840x2160:rate=25", "-frames:v", "60",
            "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "5");
        var parts = new VideoParts();

        // The remaining frames of the first decoder do not fit into its pipe, so that it cannot reach its end.
        var size = new DecodeSize(256, 256);
        await parts.ReadAsync(path, 0, 5, jobEnd: Frames, size: size);
        var first = Assert.Single(ChildProcesses.UsingFile(path));

        var seen = await parts.ReadAsync(path, 50, 55, jobEnd: Frames, size: size);

        Assert.Equal(Enumerable.Range(50, 5), seen.Select(frame => frame.Index));
        Assert.Contains(first, ChildProcesses.UsingFile(path));
        Assert.Equal(2, parts.Decoders.IdleCount);
        await parts.Decoders.DisposeAsync();
    }

    private Task<string> ClipAsync() => Clips.MakeTestPictureAsync(_folder.File("a.mp4"), frames: Frames);

    private static async Task<IAsyncEnumerator<Frame>> OpenAsync(
        VideoParts parts, string path, int start, int end, CancellationToken cancel)
    {
        var index = await parts.Probe.ReadAsync(VideoFile.Open(path), TestContext.Current.CancellationToken);
        return parts.Source.ReadAsync(
            VideoFile.Open(path),
            index,
            new FrameRange { StartFrame = start, EndFrame = end },
            1,
            Frames,
            DecodeSize.Native,
            new DecodeMeter(), cancel).GetAsyncEnumerator(cancel);
    }

    /// <summary>Opens a segment and reads its first frame.</summary>
    private static async Task<IAsyncEnumerator<Frame>> StartAsync(VideoParts parts, string path, int start, int end)
    {
        var frames = await OpenAsync(parts, path, start, end, TestContext.Current.CancellationToken);
        Assert.True(await frames.MoveNextAsync(), $"The clip must have frame {start}.");
        frames.Current.Dispose();
        return frames;
    }

    private static async Task<int> ReadToEndAsync(IAsyncEnumerator<Frame> frames)
    {
        var count = 0;
        while (await frames.MoveNextAsync())
        {
            frames.Current.Dispose();
            count++;
        }

        return count;
    }
}
