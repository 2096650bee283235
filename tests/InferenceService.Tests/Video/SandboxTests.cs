using System.Net;
using System.Net.Sockets;
using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.V1;
using ForegSyte.Inference.Video;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Tests.Video;

/// <summary>What decoders can reach at each sandbox level, and how they end.</summary>
public sealed class SandboxTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(SandboxLevel.Limits)]
    [InlineData(SandboxLevel.Network)]
    [InlineData(SandboxLevel.Files)]
    public async Task ReadAsync_AtEachLevel_GivesTheSameFrames(SandboxLevel level)
    {
        var path = await Clips.MakeTestPictureAsync(_folder.File("clip.mp4"), frames: 12);

        var frames = await (await VideoParts.AtAsync(level)).ReadAsync(path);

        Assert.Equal(12, frames.Count);
        Assert.Equal(await new VideoParts().ReadAsync(path), frames);
    }

    [Fact]
    public async Task Files_DecoderSeesNoFileButTheVideo()
    {
        var video = _folder.File("video.mp4");
        await File.WriteAllTextAsync(_folder.File("other.mp4"), "another", Cancel);
        var own = new Uri(typeof(SandboxTests).Assembly.Location).LocalPath;

        var seen = await TryAsync(
            SandboxLevel.Files,
            $$"""
            for my $path ("{{video}}", "{{_folder.File("other.mp4")}}", "{{own}}", "/etc/passwd", "/proc", "/home",
                "/root", "/sys", "/dev/null") {
                print -e $path ? "sees $path\n" : "";
            }
            open(my $file, "<", "{{video}}") or die; print "reads ", scalar(<$file>);
            print open(my $new, ">", "{{video}}") ? "writes\n" : "cannot write\n";
            """);

        Assert.Equal([$"sees {video}", "reads # A video.", "cannot write"], seen.Output);
    }

    [Fact]
    public async Task Files_DecoderSeesNoOtherProcess()
    {
        var seen = await TryAsync(
            SandboxLevel.Files,
            $"print getppid(), ' ', kill(0, {Environment.ProcessId}) ? 'reaches the service' : 'alone', qq(\\n);");

        Assert.Equal(["1 alone"], seen.Output);
    }

    [Fact]
    public async Task Network_DecoderReachesNobody()
    {
        using var canary = new TcpListener(IPAddress.Loopback, 0);
        canary.Start();
        var port = ((IPEndPoint)canary.LocalEndpoint).Port;

        var seen = await TryAsync(
            SandboxLevel.Network,
            $$"""
            socket(my $s, 2, 1, 0) or die;
            print connect($s, pack("S n a4 x8", 2, {{port}}, "\x7f\0\0\1")) ? "connected\n" : "unreachable\n";
            """);

        Assert.Equal(["unreachable"], seen.Output);
        Assert.False(canary.Pending(), "The decoder has connected.");
    }

    [Theory]
    [InlineData(SandboxLevel.Limits)]
    [InlineData(SandboxLevel.Files)]
    public async Task ProcessorTimeUsedUp_IsTheSignalAtEachLevel(SandboxLevel level)
    {
        var seen = await TryAsync(level, "while (1) { }", options: new VideoOptions { ProcessCpuSeconds = 1 });

        Assert.Equal(
            "Video:ProcessCpuSeconds",
            DecoderExit.ProcessFailure(seen.ExitCode, seen.Errors, new VideoOptions())?.Metadata["option"]);
    }

    [Theory]
    [InlineData("exec sleep {0}")]
    [InlineData("exit 0")]
    public async Task Kill_DecoderWithChildrenOfItsOwn_EndsThemAll(string end)
    {
        // Level Limits does not forbid children.
        var mark = $"600.{Environment.ProcessId}";
        var last = end.Replace("{0}", mark, StringComparison.Ordinal);
        var program = FakeProgram.Make(_folder, $"sleep {mark} & sleep {mark} & echo ready; {last}");
        var parts = new VideoParts(new VideoOptions { FfmpegPath = program });
        var process = ChildProcess.Start(parts.Tools.Ffmpeg([]), _ => true);
        using var output = new StreamReader(process.Output);
        Assert.Equal("ready", await output.ReadLineAsync(Cancel));
        await Wait.UntilAsync(() => ChildProcesses.UsingFile(mark).Length >= 2, "the children run");

        await process.DisposeAsync();

        Assert.Empty(ChildProcesses.UsingFile(mark));
    }

    [Fact]
    public async Task Dispose_OutputNotReadToItsEnd_ClosesThePipe()
    {
        var program = FakeProgram.Make(_folder, "echo a; exec sleep 600");
        var parts = new VideoParts(new VideoOptions { FfmpegPath = program });
        var process = ChildProcess.Start(parts.Tools.Ffmpeg([]), _ => true);
        var output = process.Output;
        Assert.Equal('a', output.ReadByte());

        await process.DisposeAsync();

        Assert.Throws<ObjectDisposedException>(() => output.ReadByte());
    }

    [Fact]
    public async Task Files_Disposed_LeavesNoProcessOfTheSandbox()
    {
        var path = await Clips.MakeTestPictureAsync(_folder.File("long.mp4"), frames: 100);
        var parts = await VideoParts.AtAsync(SandboxLevel.Files);
        var index = await parts.Probe.ReadAsync(VideoFile.Open(path), Cancel);
        await using (var frames = parts.Source
            .ReadAsync(VideoFile.Open(path), index, null, 1, 0, DecodeSize.Native, parts.Meter, Cancel)
            .GetAsyncEnumerator(Cancel))
        {
            Assert.True(await frames.MoveNextAsync(), "The clip must have a first frame.");
            frames.Current.Dispose();
            Assert.Equal(3, ChildProcesses.UsingFile(path).Length);
        }

        Assert.Empty(ChildProcesses.UsingFile(path));
    }

    [Theory]
    [InlineData(SandboxLevel.Limits)]
    [InlineData(SandboxLevel.Network)]
    [InlineData(SandboxLevel.Files)]
    public async Task WaitingDecoder_NobodyComesBack_LeavesNoProcessOfTheSandbox(SandboxLevel level)
    {
        var path = await Clips.MakeTestPictureAsync(_folder.File("clip.mp4"), frames: 60);
        var parts = await VideoParts.AtAsync(level);
        await parts.ReadAsync(path, 0, 15, jobEnd: 60);
        Assert.Equal(1, parts.Decoders.IdleCount);
        Assert.NotEmpty(ChildProcesses.UsingFile(path));

        parts.Time.Advance(parts.Options.DecoderWaitTime);
        await parts.Decoders.DisposeAsync();

        Assert.Empty(ChildProcesses.UsingFile(path));
    }

    [Theory]
    [InlineData(SandboxLevel.Limits)]
    [InlineData(SandboxLevel.Files)]
    public async Task WaitingDecoder_ServiceStops_LeavesNoProcessOfTheSandbox(SandboxLevel level)
    {
        var path = await Clips.MakeTestPictureAsync(_folder.File("clip.mp4"), frames: 60);
        var parts = await VideoParts.AtAsync(level);
        await parts.ReadAsync(path, 0, 15, jobEnd: 60);
        Assert.NotEmpty(ChildProcesses.UsingFile(path));

        await parts.Decoders.DisposeAsync();

        Assert.Empty(ChildProcesses.UsingFile(path));
    }

    [Fact]
    public async Task Files_DecoderKilledFromOutside_IsDecoderLost()
    {
        var path = await Clips.MakeTestPictureAsync(_folder.File("long.mp4"), frames: 100);
        var parts = await VideoParts.AtAsync(SandboxLevel.Files);
        var index = await parts.Probe.ReadAsync(VideoFile.Open(path), Cancel);
        var failure = await Assert.ThrowsAsync<ServiceException>(async () =>
        {
            await foreach (var frame in parts.Source.ReadAsync(
                VideoFile.Open(path), index, null, 1, 0, DecodeSize.Native, parts.Meter, Cancel))
            {
                frame.Dispose();
                ChildProcesses.UsingFile(path).Where(id => ChildProcesses.NameOf(id) == "ffmpeg").ToList()
                    .ForEach(Kill);
            }
        });

        Assert.Equal(ErrorReason.DecoderLost, failure.Reason);

        static void Kill(int id)
        {
            using var process = System.Diagnostics.Process.GetProcessById(id);
            process.Kill();
        }
    }

    [Fact]
    public async Task RunAsync_RequiredWithAGpu_SaysWhichLevelToSet()
    {
        var options = Options.Create(
            new VideoOptions { Sandbox = SandboxMode.Required, HardwareDecoder = HardwareDecoder.Auto });
        var tools = new DecoderTools(options);
        var checks = new DecoderStartupCheck(
            tools, options, TimeProvider.System, NullLogger<DecoderStartupCheck>.Instance);

        var refusal = await Assert.ThrowsAsync<OptionsValidationException>(() => checks.RunAsync(Cancel));

        Assert.Contains("set Video:SandboxLevel to Network", refusal.Message, StringComparison.Ordinal);
    }

    private Task<ChildProcessResult> TryAsync(SandboxLevel level, string script, VideoOptions? options = null) =>
        HostileDecoder.RunAsync(_folder.File("video.mp4"), level, script, options);
}
