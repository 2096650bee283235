using ForegSyte.Inference.V1;
using ForegSyte.Inference.Video;
using ForegSyte.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Tests.Video;

public sealed class DecoderStartupCheckTests : IDisposable
{
    private const string NoCuda = "printf 'Hardware acceleration methods:\\nvdpau\\n'";
    private const string Cuda = "printf 'Hardware acceleration methods:\\nvdpau\\ncuda\\n'";

    private readonly TemporaryFolder _folder = new();
    private readonly FakeLogCollector _log = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task RunAsync_RealFfmpeg_TellsItsVersionAndTheProcessorDecodes()
    {
        var (checks, tools) = Make(new VideoOptions());

        await checks.RunAsync(Cancel);

        Assert.Matches(@"^n?\d+\.\d+", checks.FfmpegVersion);
        Assert.Empty(tools.HardwareArguments);
    }

    [Fact]
    public async Task RunAsync_KernelAllowsIt_DecodersHaveANetworkOfTheirOwn()
    {
        var (checks, tools) = Make(new VideoOptions
        {
            FfmpegPath = Ffmpeg(NoCuda, deviceExit: 1),
            SandboxLevel = SandboxLevel.Network,
        });

        await checks.RunAsync(Cancel);

        Assert.SkipUnless(
            tools.Sandbox.Level >= SandboxLevel.Network, "This kernel does not allow network namespaces.");
        var links = await ChildProcess.RunAsync(tools.Ffmpeg(["links"]), Cancel);
        var own = File.ResolveLinkTarget("/proc/self/ns/net", returnFinalTarget: false)!.Name;
        Assert.NotEqual(own, Path.GetFileName(links.Output[0]));
        Assert.Equal("lo", links.Output[1]);
        Assert.Equal(2, links.Output.Count);
    }

    [Fact]
    public async Task RunAsync_SandboxIsOff_DecodersAreLimitedAndKeepTheNetwork()
    {
        var (checks, tools) = Make(new VideoOptions { Sandbox = SandboxMode.Off });

        await checks.RunAsync(Cancel);

        Assert.Equal(SandboxLevel.Limits, tools.Sandbox.Level);
        Assert.DoesNotContain(
            tools.Ffmpeg([]).Words, argument => argument.EndsWith("unshare", StringComparison.Ordinal));
    }

    [Fact]
    public async Task RunAsync_NvdecIsThere_ItDecodesWithoutALimitOfAddressSpace()
    {
        var (checks, tools) = Make(new VideoOptions
        {
            FfmpegPath = Ffmpeg(Cuda, deviceExit: 0),
            HardwareDecoder = HardwareDecoder.Auto,
            HardwareDeviceIndex = 3,
        });

        await checks.RunAsync(Cancel);

        Assert.Equal(["-hwaccel", "cuda", "-hwaccel_device", "3"], tools.HardwareArguments);
        Assert.False(tools.Sandbox.IsMemoryLimited, "CUDA cannot start under a limit of address space.");
        Assert.DoesNotContain(
            tools.Ffmpeg([]).Words, argument => argument.StartsWith("--as=", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(NoCuda, 0)]
    [InlineData(Cuda, 1)]
    public async Task RunAsync_NvdecIsNotThere_AutoFallsBackToTheProcessor(string list, int deviceExit)
    {
        var (checks, tools) = Make(new VideoOptions
        {
            FfmpegPath = Ffmpeg(list, deviceExit),
            HardwareDecoder = HardwareDecoder.Auto,
        });

        await checks.RunAsync(Cancel);

        Assert.Empty(tools.HardwareArguments);
        Assert.True(tools.Sandbox.IsMemoryLimited, "Decoding on the processor must have a limit of memory.");
    }

    [Fact]
    public async Task RunAsync_NvdecAskedForAndNotThere_RefusesTheStart()
    {
        var (checks, _) = Make(new VideoOptions
        {
            FfmpegPath = Ffmpeg(Cuda, deviceExit: 1),
            HardwareDecoder = HardwareDecoder.Cuda,
        });

        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => checks.RunAsync(Cancel));

        Assert.Contains("device 0 does not open: no driver", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_ProgramIsNoFfmpeg_SaysWhatItSaid()
    {
        var (checks, _) = Make(new VideoOptions { FfmpegPath = FakeProgram.Make(_folder, "echo broken >&2; exit 3") });

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => checks.RunAsync(Cancel));

        Assert.Contains("(exit code 3): broken", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Off", SandboxLevel.Files, "Video:Sandbox is Off")]
    [InlineData("Auto", SandboxLevel.Limits, "Video:SandboxLevel is Limits")]
    public async Task RunAsync_WithoutTheFullSandbox_WarnsOnceAndSaysWhatToDo(
        string mode, SandboxLevel level, string reason)
    {
        var (checks, _) = Make(new VideoOptions { Sandbox = Enum.Parse<SandboxMode>(mode), SandboxLevel = level });

        await checks.RunAsync(Cancel);

        var warning = Assert.Single(_log.GetSnapshot(), record => record.Level == LogLevel.Warning).Message;
        Assert.Contains($"at level Limits instead of Files: {reason}", warning, StringComparison.Ordinal);
        Assert.Contains("apt-get install bubblewrap", warning, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_WithTheFullSandbox_DoesNotWarn()
    {
        var (checks, tools) = Make(new VideoOptions());

        await checks.RunAsync(Cancel);

        Assert.SkipUnless(tools.Sandbox.Level == SandboxLevel.Files, "bubblewrap does not work here.");
        Assert.DoesNotContain(_log.GetSnapshot(), record => record.Level == LogLevel.Warning);
    }

    private (DecoderStartupCheck Checks, DecoderTools Tools) Make(VideoOptions options)
    {
        var wrapped = Options.Create(options);
        var tools = new DecoderTools(wrapped);
        var checks = new DecoderStartupCheck(
            tools, wrapped, TimeProvider.System, new FakeLogger<DecoderStartupCheck>(_log));
        return (checks, tools);
    }

    /// <summary>A script that answers the questions of the startup check.</summary>
    private string Ffmpeg(string list, int deviceExit) => FakeProgram.Make(
        _folder,
        $"""
        case "$*" in
          -version) echo "ffmpeg version 5.1 fake" ;;
          *-hwaccels) {list} ;;
          *-init_hw_device*) [ {deviceExit} = 0 ] || echo "no driver" >&2; exit {deviceExit} ;;
          links) readlink /proc/self/ns/net; sed -n 's/^ *\([a-z0-9]*\):.*/\1/p' /proc/net/dev ;;
        esac
        """);
}
