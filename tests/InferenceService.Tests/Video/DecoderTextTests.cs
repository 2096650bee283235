using ForegSyte.Inference.V1;
using ForegSyte.Inference.Video;
using ForegSyte.V1;
using ForegSyte.Video;

namespace ForegSyte.Inference.Tests.Video;

/// <summary>Command lines of ffmpeg, and the meaning of its exit.</summary>
public sealed class DecoderTextTests
{
    [Theory]
    [InlineData(137, 5, ErrorReason.DecoderLost)]
    [InlineData(139, 0, ErrorReason.DecoderLost)]
    [InlineData(152, 5, ErrorReason.VideoLimitExceeded)]
    [InlineData(127, 0, ErrorReason.DecoderLost)]
    [InlineData(1, 0, ErrorReason.UndecodableVideo)]
    [InlineData(183, 0, ErrorReason.DecoderLost)]
    [InlineData(234, 0, ErrorReason.UndecodableVideo)]
    [InlineData(1, 5, ErrorReason.DecoderLost)]
    [InlineData(0, 0, ErrorReason.UndecodableVideo)]
    public void SegmentFailure_ByExitCodeAndFrames_HasItsReason(int exitCode, int delivered, ErrorReason reason) =>
        Assert.Equal(
            reason, DecoderExit.SegmentFailure(exitCode, 10, delivered, new LogTail(), new VideoOptions())?.Reason);

    /// <summary>
    /// A decoder that finds no memory may go on and end well; a broken one does the same with every video.
    /// </summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void EndFailure_OutOfMemory_NamesTheShareAndIsTested(int exitCode)
    {
        var tail = new LogTail();
        tail.Add("[h264 @ 0x1] get_buffer() failed: Cannot allocate memory".AsMemory());

        var failure = DecoderExit.EndFailure(exitCode, tail, new VideoOptions(), 1 << 30);
        var unlimited = DecoderExit.EndFailure(exitCode, tail, new VideoOptions(), addressSpace: null);

        Assert.Equal("Memory:DecoderHeadroomMebibytes", failure!.Metadata["option"]);
        Assert.True(DecoderSelfTest.Concerns(failure), "A broken decoder runs out of memory too.");
        Assert.Equal(ErrorReason.DecoderLost, unlimited!.Reason);
    }

    [Fact]
    public void FfmpegArguments_LimitTheThreadsOfFilters()
    {
        var index = new VideoIndex(
            new VideoInfo { Width = 8, Height = 8, FrameCount = 1 }, new TimeBase(1, 25), [0], []);
        var plan = DecodePlan.Make(index, null, 1);

        var decoder = FfmpegArguments.Make("/a", index, plan, new FrameSize(8, 8), 3, new VideoOptions(), []).ToList();
        var scan = FfmpegArguments.MakeScan("/a", index, null, 0, new VideoOptions()).ToList();

        Assert.Equal("3", decoder[decoder.IndexOf("-filter_threads") + 1]);
        Assert.Equal("1", scan[scan.IndexOf("-filter_threads") + 1]);
    }

    [Fact]
    public void SegmentFailure_DamageInTheMiddle_IsNone() =>
        Assert.Null(DecoderExit.SegmentFailure(0, 10, 9, new LogTail(), new VideoOptions()));

    [Fact]
    public void Make_ProgramsMissing_NamesWhatIsNotLimited()
    {
        var sandbox = DecoderSandbox.Make(
            new VideoOptions(),
            program => program == "nice" ? "/bin/nice" : null,
            wrapper: null,
            isAddressSpaceLimited: true);

        Assert.Equal(["/bin/nice", "-n", "5"], sandbox.Prefix);
        Assert.Collection(
            sandbox.Missing,
            text => Assert.StartsWith("setsid", text, StringComparison.Ordinal),
            text => Assert.StartsWith("choom", text, StringComparison.Ordinal),
            text => Assert.StartsWith("prlimit", text, StringComparison.Ordinal),
            text => Assert.StartsWith("setpriv", text, StringComparison.Ordinal));
        Assert.Equal(["the protocol whitelist", "niceness 5"], sandbox.Measures);
        Assert.Equal(SandboxLevel.Options, sandbox.Level);
        Assert.Equal((false, false), (sandbox.IsMemoryLimited, sandbox.IsTimeLimited));
    }

    [Theory]
    [InlineData(true, "--as=4294967296", "4096 MiB")]
    [InlineData(false, null, "no limit of memory")]
    public void Make_AllPrograms_LimitsAllThatTheDecoderBears(bool isLimited, string? memory, string told)
    {
        var sandbox = DecoderSandbox.Make(
            new VideoOptions(),
            program => "/bin/" + program,
            SandboxWrapper.Network("/bin/unshare").First(),
            isLimited);

        string[] expected =
        [
            "/bin/setsid", "/bin/nice", "-n", "5", "/bin/choom", "-n", "1000", "--", "/bin/prlimit",
            .. memory is null ? (string[])[] : [memory], "--cpu=3600:3605", "--core=0", "--fsize=0",
            "/bin/unshare", "--net", "--ipc", "/bin/setpriv", "--pdeathsig", "KILL", "--no-new-privs",
        ];
        Assert.Equal(expected, sandbox.Prefix);
        Assert.Equal(SandboxLevel.Network, sandbox.Level);
        Assert.Contains("no network, no shared memory of others", sandbox.Measures);
        Assert.Contains(sandbox.Measures, measure => measure.StartsWith(told, StringComparison.Ordinal));
        Assert.Equal(isLimited, sandbox.IsMemoryLimited);
    }

    [Fact]
    public void FfmpegArguments_RangeAfterAKey_SeekByItsPresentationTime()
    {
        var index = new VideoIndex(
            new VideoInfo(), new TimeBase(1, 3), [0, 1, 2, 3, 4], [new SeekPoint(0, false), new SeekPoint(2, false)]);
        var plan = DecodePlan.Make(index, new FrameRange { StartFrame = 3 }, 1);

        var arguments = FfmpegArguments.Make("/a.mp4", index, plan, new FrameSize(8, 8), 2, new VideoOptions(), []);

        Assert.Equal("666667us", arguments[arguments.ToList().IndexOf("-ss") + 1]);
    }

    [Fact]
    public void FfmpegArguments_AGpuDecodes_ItIsChosenForTheInput()
    {
        var index = new VideoIndex(new VideoInfo(), new TimeBase(1, 3), [0, 1], []);
        var plan = DecodePlan.Make(index, null, 1);

        var arguments = FfmpegArguments.Make(
            "/a.mp4", index, plan, new FrameSize(8, 8), 2, new VideoOptions(),
            ["-hwaccel", "cuda", "-hwaccel_device", "1"]).ToList();

        Assert.InRange(arguments.IndexOf("-hwaccel"), 0, arguments.IndexOf("-i"));
        Assert.DoesNotContain("-hwaccel_output_format", arguments);
    }
}
