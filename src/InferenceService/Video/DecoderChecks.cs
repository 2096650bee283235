using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Video;

/// <summary>
/// Finds out at the start what this machine allows: which ffmpeg there is, whether decoders can be kept off the
/// network, whether a GPU decodes. Each is tried, not guessed from a version.
/// </summary>
internal sealed class DecoderChecks(
    DecoderTools tools, IOptions<VideoOptions> options, TimeProvider timeProvider, ILogger<DecoderChecks> logger)
{
    /// <summary>How long one program may take to answer; a driver that hangs must not hang the start.</summary>
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Ways to a network namespace without a way out, the cheaper first: as root, and as a user of one's own
    /// (unprivileged user namespaces). Neither forks, so that killing the one process still kills all there is.
    /// </summary>
    private static readonly string[][] NetworkArguments = [["--net"], ["--user", "--map-current-user", "--net"]];

    /// <summary>Version of ffmpeg, for example "5.1.9-0+deb12u1"; known after <see cref="RunAsync"/>.</summary>
    public string FfmpegVersion { get; private set; } = "";

    /// <summary>Checks, tells the log, and gives what was found to <see cref="DecoderTools"/>.</summary>
    /// <exception cref="InvalidOperationException">ffmpeg does not run, or it is no ffmpeg.</exception>
    /// <exception cref="OptionsValidationException">
    /// What the options require is not to be had: the network's isolation, or NVDEC.
    /// </exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        FfmpegVersion = await ReadVersionAsync(cancellationToken);
        var network = await FindNetworkPrefixAsync(cancellationToken);
        var hardware = await FindHardwareAsync(network, cancellationToken);
        tools.Apply(network, hardware);
        logger.LogInformation(
            "Videos are read by ffmpeg {FfmpegVersion}, decoded by {Decoder}; decoders are confined by {Level}",
            FfmpegVersion, hardware.Count > 0 ? "NVDEC" : "the processor", tools.Confinement.Level);
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

    private async Task<IReadOnlyList<string>> FindNetworkPrefixAsync(CancellationToken cancellationToken)
    {
        if (options.Value.NetworkIsolation == NetworkIsolation.Off)
        {
            return [];
        }

        var reason = "unshare (util-linux) is not installed.";
        if (tools.Find("unshare") is { } unshare)
        {
            foreach (var arguments in NetworkArguments)
            {
                string[] prefix = [unshare, .. arguments];
                var run = await AskAsync([.. prefix, .. tools.Ffmpeg(["-version"])], cancellationToken);
                if (run.ExitCode == 0)
                {
                    return prefix;
                }

                reason = $"{run.Errors}.";
            }
        }

        if (options.Value.NetworkIsolation == NetworkIsolation.Required)
        {
            throw Refused($"Decoders cannot be kept off the network (Video:NetworkIsolation is required): {reason}");
        }

        logger.LogWarning(
            "Decoders keep the service's network, the protocol whitelist alone keeps them off it: {Reason}", reason);
        return [];
    }

    private async Task<IReadOnlyList<string>> FindHardwareAsync(
        IReadOnlyList<string> network, CancellationToken cancellationToken)
    {
        if (options.Value.HardwareDecoder == HardwareDecoder.None)
        {
            return [];
        }

        var index = FormattableString.Invariant($"{options.Value.HardwareDeviceIndex}");
        string[] arguments = ["-hwaccel", "cuda", "-hwaccel_device", index];
        tools.Apply(network, arguments);
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

    private async Task<ToolRun> AskAsync(IReadOnlyList<string> command, CancellationToken cancellationToken)
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
                $"{string.Join(' ', command)} did not answer within {AnswerTime.TotalSeconds} s.");
        }
    }

    private static OptionsValidationException Refused(string problem) =>
        new(VideoOptions.Section, typeof(VideoOptions), [problem]);
}
