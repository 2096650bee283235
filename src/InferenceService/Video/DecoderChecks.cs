using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Video;

/// <summary>
/// Finds out at the start what this machine allows: which ffmpeg there is, how far decoders can be confined, whether a
/// GPU decodes. Each is tried, not guessed from a version.
/// </summary>
internal sealed class DecoderChecks(
    DecoderTools tools, IOptions<VideoOptions> options, TimeProvider timeProvider, ILogger<DecoderChecks> logger)
{
    /// <summary>How long one program may take to answer; a driver that hangs must not hang the start.</summary>
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(30);

    /// <summary>Version of ffmpeg, for example "5.1.9-0+deb12u1"; known after <see cref="RunAsync"/>.</summary>
    public string FfmpegVersion { get; private set; } = "";

    /// <summary>Checks, tells the log, and gives what was found to <see cref="DecoderTools"/>.</summary>
    /// <exception cref="InvalidOperationException">ffmpeg does not run, or it is no ffmpeg.</exception>
    /// <exception cref="OptionsValidationException">
    /// What the options require is not to be had: the level of the sandbox, or NVDEC.
    /// </exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        FfmpegVersion = await ReadVersionAsync(cancellationToken);
        var isolation = await FindIsolationAsync(cancellationToken);
        var hardware = await FindHardwareAsync(isolation, cancellationToken);
        tools.Apply(isolation, hardware);
        if (options.Value.Sandbox == SandboxMode.Required && tools.Confinement.Missing.Count > 0)
        {
            throw Refused(
                "Decoders cannot be confined as Video:Sandbox (required) asks: "
                + string.Join("; ", tools.Confinement.Missing));
        }

        logger.LogInformation(
            "Videos are read by ffmpeg {FfmpegVersion}, decoded by {Decoder}; sandbox level {Level}: decoders are "
            + "confined by {Measures}",
            FfmpegVersion,
            hardware.Count > 0 ? "NVDEC" : "the processor",
            tools.Confinement.Level,
            string.Join(", ", tools.Confinement.Measures));
    }

    private async Task<string> ReadVersionAsync(CancellationToken cancellationToken)
    {
        var run = await AskAsync(tools.Ffmpeg(["-version"]), cancellationToken);
        return run is { ExitCode: 0, Output: [var first, ..] }
            && first.Split(' ') is ["ffmpeg", "version", var version, ..]
                ? version
                : throw new InvalidOperationException(
                    $"{options.Value.FfmpegPath} does not run (exit code {run.ExitCode}): {run.Errors}");
    }

    /// <summary>The wanted level, or the next one below it that works here; each is tried, from the top.</summary>
    private async Task<Isolation?> FindIsolationAsync(CancellationToken cancellationToken)
    {
        if (options.Value.Sandbox == SandboxMode.Off)
        {
            return null;
        }

        for (var level = WantedLevel(); level > SandboxLevel.Limits; level--)
        {
            var (isolation, reason) = await TryAsync(level, cancellationToken);
            if (isolation is not null)
            {
                return isolation;
            }

            if (options.Value.Sandbox == SandboxMode.Required)
            {
                throw Refused(
                    $"Sandbox level {level} cannot be reached (Video:Sandbox is required, Video:SandboxLevel is "
                    + $"{options.Value.SandboxLevel}): {reason}");
            }

            logger.LogWarning("Decoders are not confined at sandbox level {Level}: {Reason}", level, reason);
        }

        return null;
    }

    /// <summary>A GPU's driver wants its devices, and more files than anybody has listed.</summary>
    private SandboxLevel WantedLevel()
    {
        if (options.Value is { SandboxLevel: SandboxLevel.Files, HardwareDecoder: not HardwareDecoder.None })
        {
            return options.Value.Sandbox == SandboxMode.Required
                ? throw Refused(
                    "Sandbox level Files cannot be reached with Video:HardwareDecoder: set Video:SandboxLevel to "
                    + "Network")
                : SandboxLevel.Network;
        }

        return options.Value.SandboxLevel;
    }

    private async Task<(Isolation? Isolation, string Reason)> TryAsync(
        SandboxLevel level, CancellationToken cancellationToken)
    {
        var ways = tools.WaysTo(level, out var program);
        var reason = $"{program} is not installed.";
        foreach (var way in ways)
        {
            tools.Apply(way, []);
            var run = await AskAsync(tools.Ffmpeg(["-version"]), cancellationToken);
            if (run.ExitCode == 0)
            {
                return (way, "");
            }

            reason = $"{program} does not work here (exit code {run.ExitCode}): {run.Errors}";
        }

        tools.Apply(isolation: null, []);
        return (null, reason);
    }

    private async Task<IReadOnlyList<string>> FindHardwareAsync(
        Isolation? isolation, CancellationToken cancellationToken)
    {
        if (options.Value.HardwareDecoder == HardwareDecoder.None)
        {
            return [];
        }

        var index = FormattableString.Invariant($"{options.Value.HardwareDeviceIndex}");
        string[] arguments = ["-hwaccel", "cuda", "-hwaccel_device", index];
        tools.Apply(isolation, arguments);
        if (await HardwareDefectAsync(index, cancellationToken) is not { } defect)
        {
            return arguments;
        }

        if (options.Value.HardwareDecoder == HardwareDecoder.Cuda)
        {
            throw Refused($"NVDEC cannot be used (Video:HardwareDecoder is cuda): {defect}");
        }

        logger.LogInformation("The processor decodes, NVDEC cannot be used: {Reason}", defect);
        return [];
    }

    /// <summary>Why NVDEC cannot be used; null where it can.</summary>
    private async Task<string?> HardwareDefectAsync(string index, CancellationToken cancellationToken)
    {
        var list = await AskAsync(tools.Ffmpeg(["-hide_banner", "-hwaccels"]), cancellationToken);
        if (!list.Output.Any(line => line.Trim() == "cuda"))
        {
            return "this ffmpeg was built without it (ffmpeg -hwaccels).";
        }

        // The list tells what was built in; only a device that opens tells what there is.
        var device = await AskAsync(
            tools.Ffmpeg(
            [
                "-v", "error", "-nostdin", "-init_hw_device", "cuda=gpu:" + index,
                "-f", "lavfi", "-i", "color=size=64x64", "-frames:v", "1", "-f", "null", "-",
            ]),
            cancellationToken);
        return device.ExitCode == 0 ? null : $"device {index} does not open: {device.Errors}.";
    }

    private async Task<ToolRun> AskAsync(ChildCommand command, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(AnswerTime, timeProvider);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            return await ToolRun.RunAsync(command, ending.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new InvalidOperationException(
                $"{string.Join(' ', command.Words)} did not answer within {AnswerTime.TotalSeconds} s.");
        }
    }

    private static OptionsValidationException Refused(string problem) =>
        new(VideoOptions.Section, typeof(VideoOptions), [problem]);
}
