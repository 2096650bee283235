using ForegSyte.Inference.V1;
using ForegSyte.Video;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Video;

/// <summary>
/// Checks at the start which ffmpeg is installed, which sandbox level works and whether a GPU can decode. It runs each
/// program instead of guessing from versions.
/// </summary>
internal sealed class DecoderStartupCheck(
    DecoderTools tools, IOptions<VideoOptions> options, TimeProvider timeProvider, ILogger<DecoderStartupCheck> logger)
{
    /// <summary>Time limit of one program: a driver that hangs must not hang the start.</summary>
    private static readonly TimeSpan RunTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Why the sandbox has a lower level than Files.</summary>
    private readonly List<string> _reasons = [];

    /// <summary>Version of ffmpeg, for example "5.1.9-0+deb12u1"; empty before <see cref="RunAsync"/>.</summary>
    public string FfmpegVersion { get; private set; } = "";

    /// <summary>Runs the checks, logs the result and applies it to <see cref="DecoderTools"/>.</summary>
    /// <exception cref="InvalidOperationException">The program does not run, or is not ffmpeg.</exception>
    /// <exception cref="OptionsValidationException">
    /// This machine lacks a sandbox level or a hardware decoder that the options require.
    /// </exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var wrapper = await FindWrapperAsync(cancellationToken);
        var hardware = await FindHardwareAsync(wrapper, cancellationToken);
        tools.Apply(wrapper, hardware);
        await CheckToneMappingAsync(cancellationToken);
        if (options.Value.Sandbox == SandboxMode.Required && tools.Sandbox.Missing.Count > 0)
        {
            throw Refused(
                "The decoder sandbox is incomplete, and Video:Sandbox is required. Missing: "
                + string.Join("; ", tools.Sandbox.Missing));
        }

        WarnIfIncomplete();

        logger.LogInformation(
            "Decoder ready: ffmpeg {FfmpegVersion}, decoding on {Decoder}, sandbox level {Level} ({Measures})",
            FfmpegVersion,
            hardware.Count > 0 ? "NVDEC" : "the processor",
            tools.Sandbox.Level,
            string.Join(", ", tools.Sandbox.Measures));
    }

    /// <summary>One warning with all that is missing: several would hide in the lines of a start.</summary>
    private void WarnIfIncomplete()
    {
        var sandbox = tools.Sandbox;
        if (sandbox is { Level: SandboxLevel.Files, Missing.Count: 0 })
        {
            return;
        }

        logger.LogWarning(
            "Decoders run without the full sandbox, at level {Level} instead of Files: {Reasons}. A hostile video that "
            + "takes over FFmpeg reaches more of this machine. Install bubblewrap and util-linux (Debian: apt-get "
            + "install bubblewrap util-linux), allow user namespaces, and set Video:Sandbox to Required so that the "
            + "service never starts without",
            sandbox.Level,
            string.Join("; ", _reasons.Concat(sandbox.Missing.Select(missing => "missing: " + missing))));
    }

    /// <summary>Runs ffmpeg without a sandbox, so that a failure is its own.</summary>
    private async Task<string> ReadVersionAsync(CancellationToken cancellationToken) =>
        VersionIn(await RunToolAsync(tools.Ffmpeg(["-version"]), cancellationToken));

    private string VersionIn(ChildProcessResult run) =>
        run is { ExitCode: 0, Output: [var first, ..] } && first.Split(' ') is ["ffmpeg", "version", var version, ..]
            ? version
            : throw new InvalidOperationException(
                $"{options.Value.FfmpegPath} does not run as ffmpeg (exit code {run.ExitCode}): {run.Errors}");

    private async Task CheckToneMappingAsync(CancellationToken cancellationToken)
    {
        var list = await RunToolAsync(tools.Ffmpeg(["-hide_banner", "-filters"]), cancellationToken);
        var installed = list.Output
            .SelectMany(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .ToHashSet();
        string[] missing = [.. FrameFilters.OfToneMapping.Where(filter => !installed.Contains(filter))];
        tools.CanToneMap = missing.Length == 0;
        if (!tools.CanToneMap)
        {
            logger.LogWarning(
                "HDR videos look pale to the models, because this ffmpeg lacks the filters {Filters} (ffmpeg -filters)",
                string.Join(", ", missing));
        }
    }

    /// <summary>
    /// Tries the levels from the configured one down; returns the wrapper of the first that works. Reads the version.
    /// </summary>
    private async Task<SandboxWrapper?> FindWrapperAsync(CancellationToken cancellationToken)
    {
        if (options.Value.Sandbox == SandboxMode.Off)
        {
            _reasons.Add("Video:Sandbox is Off");
            FfmpegVersion = await ReadVersionAsync(cancellationToken);
            return null;
        }

        for (var level = ConfiguredLevel(); level > SandboxLevel.Limits; level--)
        {
            var (wrapper, reason) = await TryAsync(level, cancellationToken);
            if (wrapper is not null)
            {
                return wrapper;
            }

            if (options.Value.Sandbox == SandboxMode.Required)
            {
                _ = await ReadVersionAsync(cancellationToken);
                throw Refused(
                    $"Sandbox level {level} does not work here (Video:Sandbox is required, Video:SandboxLevel is "
                    + $"{options.Value.SandboxLevel}): {reason}");
            }

            _reasons.Add($"level {level} does not work here: {reason.TrimEnd('.')}");
        }

        FfmpegVersion = await ReadVersionAsync(cancellationToken);
        return null;
    }

    /// <summary>A GPU's driver needs devices and files that bubblewrap would remove.</summary>
    private SandboxLevel ConfiguredLevel()
    {
        var level = options.Value.SandboxLevel;
        if (level < SandboxLevel.Files)
        {
            _reasons.Add($"Video:SandboxLevel is {level}");
        }
        else if (options.Value.HardwareDecoder != HardwareDecoder.None)
        {
            _reasons.Add("Video:HardwareDecoder needs the devices of the GPU");
            return options.Value.Sandbox == SandboxMode.Required
                ? throw Refused(
                    "Sandbox level Files does not work with Video:HardwareDecoder: set Video:SandboxLevel to Network")
                : SandboxLevel.Network;
        }

        return level;
    }

    private async Task<(SandboxWrapper? Wrapper, string Reason)> TryAsync(
        SandboxLevel level, CancellationToken cancellationToken)
    {
        var wrappers = tools.WrappersFor(level, out var program);
        var reason = $"{program} is not installed.";
        foreach (var wrapper in wrappers)
        {
            tools.Apply(wrapper, []);

            // With a video, because an old bwrap cannot mount an open one.
            using var clip = VideoFile.Open(DecoderSelfTest.ClipPath);
            var run = await RunToolAsync(tools.Ffmpeg(["-version"], clip), cancellationToken);
            if (run.ExitCode == 0)
            {
                FfmpegVersion = VersionIn(run);
                return (wrapper, "");
            }

            reason = $"{program} does not work here (exit code {run.ExitCode}): {run.Errors}";
        }

        tools.Apply(wrapper: null, []);
        return (null, reason);
    }

    private async Task<IReadOnlyList<string>> FindHardwareAsync(
        SandboxWrapper? wrapper, CancellationToken cancellationToken)
    {
        if (options.Value.HardwareDecoder == HardwareDecoder.None)
        {
            return [];
        }

        var index = FormattableString.Invariant($"{options.Value.HardwareDeviceIndex}");
        string[] arguments = ["-hwaccel", "cuda", "-hwaccel_device", index];
        tools.Apply(wrapper, arguments);
        if (await HardwareDefectAsync(index, cancellationToken) is not { } defect)
        {
            return arguments;
        }

        if (options.Value.HardwareDecoder == HardwareDecoder.Cuda)
        {
            throw Refused($"NVDEC does not work here (Video:HardwareDecoder is cuda): {defect}");
        }

        logger.LogInformation("Decoding on the processor, because NVDEC does not work here: {Reason}", defect);
        return [];
    }

    /// <summary>The reason why NVDEC does not work; null if it works.</summary>
    private async Task<string?> HardwareDefectAsync(string index, CancellationToken cancellationToken)
    {
        var list = await RunToolAsync(tools.Ffmpeg(["-hide_banner", "-hwaccels"]), cancellationToken);
        if (!list.Output.Any(line => line.Trim() == "cuda"))
        {
            return "this ffmpeg was built without cuda (ffmpeg -hwaccels).";
        }

        // The list shows what ffmpeg was built with; only opening the device shows whether it exists.
        var device = await RunToolAsync(
            tools.Ffmpeg(
            [
                "-v", "error", "-nostdin", "-init_hw_device", "cuda=gpu:" + index,
                "-f", "lavfi", "-i", "color=size=64x64", "-frames:v", "1", "-f", "null", "-",
            ]),
            cancellationToken);
        return device.ExitCode == 0 ? null : $"device {index} does not open: {device.Errors}.";
    }

    private async Task<ChildProcessResult> RunToolAsync(ChildCommand command, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(RunTimeout, timeProvider);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            return await ChildProcess.RunAsync(command, ending.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new InvalidOperationException(
                $"{string.Join(' ', command.Words)} did not end within {RunTimeout.TotalSeconds} s.");
        }
    }

    private static OptionsValidationException Refused(string problem) =>
        new(VideoOptions.Section, typeof(VideoOptions), [problem]);
}
