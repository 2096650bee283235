using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.Video;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Tests.Video;

public sealed class DecoderProcessTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>glibc before 2.34 has no close_range(2), and Linux before 5.11 not this use of it.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void TryCloseRange_OldMachine_IsFalse(bool hasFunction) => Assert.False(
        ChildProcessStarter.TryCloseRange((_, _, _) => hasFunction ? -1 : throw new EntryPointNotFoundException()),
        "The descriptors must be marked one by one.");

    [Fact]
    public async Task ReadAsync_Cancelled_EndsTheProcessBeforeItThrows()
    {
        var path = await LongClipAsync();
        using var cancel = new CancellationTokenSource();
        var parts = new VideoParts();
        await using var frames = await StartAsync(parts, path, cancel.Token);
        Assert.Single(ChildProcesses.UsingFile(path));

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ReadToEndAsync(frames));

        Assert.Empty(ChildProcesses.UsingFile(path));
    }

    [Fact]
    public async Task ReadAsync_CancelledWhileNothingComes_EndsAtOnce()
    {
        var path = await LongClipAsync();
        var index = await new VideoParts().Probe.ReadAsync(VideoFile.Open(path), TestContext.Current.CancellationToken);
        var mark = $"601.{Environment.ProcessId}";
        var silent = new VideoParts(new VideoOptions { FfmpegPath = Script($"exec sleep {mark}") });
        using var cancel = new CancellationTokenSource();
        var reading = ReadToEndAsync(silent.Source.ReadAsync(
            VideoFile.Open(path), index, null, 1, 0, DecodeSize.Native, silent.Meter, cancel.Token)
            .GetAsyncEnumerator(cancel.Token));
        await Wait.UntilAsync(() => ChildProcesses.UsingFile(mark).Length > 0, "the decoder runs");

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    [Fact]
    public async Task ReadAsync_AbandonedByTheReader_EndsTheProcess()
    {
        var path = await LongClipAsync();
        var frames = await StartAsync(new VideoParts(), path, TestContext.Current.CancellationToken);
        Assert.Single(ChildProcesses.UsingFile(path));

        await frames.DisposeAsync();

        Assert.Empty(ChildProcesses.UsingFile(path));
    }

    [Fact]
    public async Task ReadAsync_ProcessKilledFromOutside_IsDecoderLost()
    {
        var path = await LongClipAsync();
        await using var frames = await StartAsync(new VideoParts(), path, TestContext.Current.CancellationToken);

        ChildProcesses.KillUser(path);
        var failure = await Assert.ThrowsAsync<ServiceException>(() => ReadToEndAsync(frames));

        Assert.Equal(ErrorReason.DecoderLost, failure.Reason);
        Assert.NotNull(failure.RetryAfter);
    }

    [Fact]
    public async Task ReadAsync_ProcessKilledBesideHeldFrames_FailsAndLeavesTheFramesWhole()
    {
        var path = await LongClipAsync();
        var expected = await new VideoParts().ReadAsync(path);
        var parts = new VideoParts();
        var index = await parts.Probe.ReadAsync(VideoFile.Open(path), TestContext.Current.CancellationToken);
        List<Frame> held = [];
        var failure = await Assert.ThrowsAsync<ServiceException>(async () =>
        {
            await foreach (var frame in parts.Source.ReadAsync(
                VideoFile.Open(path), index, null, 1, 0, DecodeSize.Native, parts.Meter,
                TestContext.Current.CancellationToken))
            {
                held.Add(frame);
                if (held.Count == 1)
                {
                    ChildProcesses.KillUser(path);
                }
            }
        });

        Assert.Equal(ErrorReason.DecoderLost, failure.Reason);
        Assert.Equal(100 - held.Count, parts.Meter.ToAccounting().Failed);

        // The next read would overwrite a buffer that the failure had returned to the pool.
        await new VideoParts().ReadAsync(path, 50);
        Assert.Equal(expected[..held.Count], held.Select(SeenFrame.Of));
        held.ForEach(frame => frame.Dispose());
    }

    [Fact]
    public async Task ReadAsync_ProcessStopsInTheMiddleWithAnError_IsDecoderLost()
    {
        var path = await LongClipAsync();
        var index = await new VideoParts().Probe.ReadAsync(VideoFile.Open(path), TestContext.Current.CancellationToken);
        var frameBytes = index.Info.Width * index.Info.Height * 3;
        var script = Script(
            "echo '[Parsed_showinfo_1 @ 0x1] [info] n:   0 pts:      0 pts_time:0' >&2; "
            + $"head -c {frameBytes} /dev/zero; exit 5");

        var failure = await Assert.ThrowsAsync<ServiceException>(
            () => new VideoParts(new VideoOptions { FfmpegPath = script }).ReadAsync(path));

        Assert.Equal(ErrorReason.DecoderLost, failure.Reason);
    }

    [Fact]
    public async Task ReadAsync_TooLittleMemory_NamesTheLimit()
    {
        var path = await Clips.MakeTestPictureAsync(_folder.File("4k.mp4"), width: 3840, height: 2160, frames: 3);
        var parts = new VideoParts(new VideoOptions { ProcessMemoryMebibytes = 450 });

        var failure = await Assert.ThrowsAsync<ServiceException>(() => parts.ReadAsync(path));

        Assert.Equal(ErrorReason.VideoLimitExceeded, failure.Reason);
        Assert.Equal("Video:ProcessMemoryMebibytes", failure.Metadata["option"]);
    }

    /// <summary>The container says 64x64; the stream becomes large where nobody looks but the scan.</summary>
    [Fact]
    public async Task FindAsync_SizeGrowsInTheMiddle_TheScanStaysWithinItsMemory()
    {
        var (small, large) = (_folder.File("small.h264"), _folder.File("large.h264"));
        await Clips.MakeAsync(
            small, "-f", "lavfi", "-i", "color=gray:size=64x64", "-frames:v", "3", "-c:v", "libx264",
            "-pix_fmt", "yuv420p");
        await Clips.MakeAsync(
            large, "-f", "lavfi", "-i", "color=gray:size=8192x4352", "-frames:v", "14", "-c:v", "libx264",
            "-preset", "ultrafast", "-x264-params", "ref=16:keyint=100", "-pix_fmt", "yuv420p");
        var joined = _folder.File("joined.h264");
        var cancel = TestContext.Current.CancellationToken;
        await File.WriteAllBytesAsync(
            joined,
            [.. await File.ReadAllBytesAsync(small, cancel), .. await File.ReadAllBytesAsync(large, cancel)],
            cancel);
        var path = await Clips.MakeAsync(_folder.File("grows.mp4"), "-i", joined, "-c", "copy");
        var parts = new VideoParts();
        using var video = VideoFile.Open(path);
        var index = await parts.Probe.ReadAsync(video, TestContext.Current.CancellationToken);
        Assert.Equal(64, index.Info.Width);
        var scanBytes = parts.Source.MemoryOf(index, null, 1, DecodeSize.Native, 1, 0)[0].ScanBytes;

        var failure = await Assert.ThrowsAsync<ServiceException>(() => parts.Scan.FindAsync(
            video, index, null, index.FrameCount - 1, scanBytes, TestContext.Current.CancellationToken));

        Assert.Equal("Memory:DecoderHeadroomMebibytes", failure.Metadata["option"]);
    }

    [Fact]
    public async Task ReadAsync_DefaultMemory_DecodesEightThousandPixelsAcross()
    {
        var path = await Clips.MakeAsync(
            _folder.File("8k.mp4"),
            "-f", "lavfi", "-i", "color=gray:size=7680x4320", "-frames:v", "3", "-c:v", "libx264",
            "-preset", "ultrafast", "-pix_fmt", "yuv420p");

        Assert.Equal(3, (await new VideoParts().ReadAsync(path, size: new DecodeSize(640, 640))).Count);
    }

    [Fact]
    public async Task ReadAsync_DecoderSlowerThanItsTime_NamesTheLimit()
    {
        var path = await LongClipAsync();
        var parts = new VideoParts(new VideoOptions
        {
            FfmpegPath = Script("exec sleep 600"),
            DecodeTimeLimit = TimeSpan.FromMilliseconds(1),
        });

        var failure = await Assert.ThrowsAsync<ServiceException>(() => parts.ReadAsync(path));

        Assert.Equal(ErrorReason.VideoLimitExceeded, failure.Reason);
        Assert.Equal("Video:DecodeTimeLimit", failure.Metadata["option"]);
    }

    [Fact]
    public async Task Decoder_SeesNothingOfTheServicesEnvironmentButItsPath()
    {
        var seen = await RunInPlaceOfFfmpegAsync("exec env");

        // PWD, _, SHLVL and OLDPWD come from the shell.
        Assert.Subset(
            new HashSet<string>
            {
                "PATH", "LD_LIBRARY_PATH", "LC_ALL", "MALLOC_ARENA_MAX", "PWD", "_", "SHLVL", "OLDPWD",
            },
            seen.Output.Select(line => line.Split('=')[0]).ToHashSet());
    }

    [Fact]
    public async Task Decoder_CannotWriteAFile()
    {
        var file = _folder.File("written");

        var seen = await RunInPlaceOfFfmpegAsync($"exec head -c 10 /dev/zero > {file}");

        // SIGXFSZ.
        Assert.Equal(128 + 25, seen.ExitCode);
        Assert.Equal(0, new FileInfo(file).Length);
    }

    [Fact]
    public async Task Decoder_IsLimitedInProcessorTimeAndMemory()
    {
        var seen = await RunInPlaceOfFfmpegAsync("exec cat /proc/self/limits");

        Assert.Contains(seen.Output, line => Matches(line, @"^Max cpu time +3600 +3605 +seconds"));
        Assert.Contains(seen.Output, line => Matches(line, @"^Max address space +4294967296 +4294967296 +bytes"));

        static bool Matches(string line, string pattern) =>
            System.Text.RegularExpressions.Regex.IsMatch(line, pattern);
    }

    [Fact]
    public async Task ReadAsync_SizeGrowsPastTheLimitInTheMiddle_IsRefusedAndNotDecoded()
    {
        var path = await GrowingClipAsync();
        var parts = new VideoParts(new VideoOptions { MaxFramePixels = 320 * 240, MaxFrameSidePixels = 320 });

        var failure = await Assert.ThrowsAsync<ServiceException>(() => parts.ReadAsync(path));

        Assert.Equal(ErrorReason.VideoLimitExceeded, failure.Reason);
        Assert.Equal("Video:MaxFramePixels", failure.Metadata["option"]);
        Assert.InRange(parts.Meter.Delivered, 0, 9);
    }

    [Theory]
    [InlineData("16400x16", "Video:MaxFrameSidePixels")]
    [InlineData("16384x2192", "Video:MaxFramePixels")]
    public async Task ReadAsync_FrameBeyondTheDefaults_IsRefusedByTheProbe(string size, string option)
    {
        var path = await Clips.MakeAsync(
            _folder.File("huge.mp4"),
            "-f", "lavfi", "-i", $"color=gray:size={size}", "-frames:v", "1", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p");

        var failure = await Assert.ThrowsAsync<ServiceException>(
            () => new VideoParts().Probe.ReadAsync(VideoFile.Open(path), TestContext.Current.CancellationToken));

        Assert.Equal((ErrorReason.VideoLimitExceeded, option), (failure.Reason, failure.Metadata["option"]));
    }

    [Fact]
    public void DecoderTools_FfmpegMissing_SaysHowToInstallIt()
    {
        var options = Options.Create(new VideoOptions { FfmpegPath = "no-such-ffmpeg" });

        var failure = Assert.Throws<OptionsValidationException>(
            () => new DecoderTools(options));

        Assert.Contains("apt-get install ffmpeg", failure.Message, StringComparison.Ordinal);
    }

    private Task<string> LongClipAsync() => Clips.MakeTestPictureAsync(_folder.File("long.mp4"), frames: 100);

    /// <summary>Makes H.264 whose frames grow from 320x240 to 640x480; the container declares the first size.</summary>
    private async Task<string> GrowingClipAsync()
    {
        var small = await Clips.MakeTestPictureAsync(_folder.File("small.h264"), frames: 5);
        var large = await Clips.MakeTestPictureAsync(_folder.File("large.h264"), width: 640, height: 480, frames: 10);
        var both = _folder.File("both.h264");
        await File.WriteAllBytesAsync(both, [.. File.ReadAllBytes(small), .. File.ReadAllBytes(large)]);
        return await Clips.MakeAsync(_folder.File("growing.mp4"), "-r", "10", "-i", both, "-c", "copy");
    }

    /// <summary>Runs a shell command in place of ffmpeg.</summary>
    private Task<ChildProcessResult> RunInPlaceOfFfmpegAsync(string command)
    {
        var parts = new VideoParts(new VideoOptions { FfmpegPath = Script(command) });
        return ChildProcess.RunAsync(parts.Tools.Ffmpeg([]), TestContext.Current.CancellationToken);
    }

    private static async Task<IAsyncEnumerator<Frame>> StartAsync(
        VideoParts parts, string path, CancellationToken cancel)
    {
        var index = await parts.Probe.ReadAsync(VideoFile.Open(path), TestContext.Current.CancellationToken);
        var frames = parts.Source
            .ReadAsync(VideoFile.Open(path), index, null, 1, 0, DecodeSize.Native, parts.Meter, cancel)
            .GetAsyncEnumerator(cancel);
        Assert.True(await frames.MoveNextAsync(), "The clip must have a first frame.");
        frames.Current.Dispose();
        return frames;
    }

    private static async Task ReadToEndAsync(IAsyncEnumerator<Frame> frames)
    {
        while (await frames.MoveNextAsync())
        {
            frames.Current.Dispose();
        }
    }

    private string Script(string command) => FakeProgram.Make(_folder, command);
}
