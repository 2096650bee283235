using System.Globalization;
using ForegSyte.Hosting.Limits;
using ForegSyte.Inference.Pipelines;
using ForegSyte.Inference.Video;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Inference.Grpc;

/// <summary>
/// The limits in force by option name, for GetServerInfo. A limit that this machine cannot enforce is "off".
/// </summary>
internal sealed class ServerLimits(ServiceLimits limits, DecoderTools tools)
{
    private const string Off = "off";

    /// <summary>Each limit as text with its unit; durations in seconds.</summary>
    public IReadOnlyDictionary<string, string> All()
    {
        var all = limits.All.ToDictionary(limit => limit.Name, Text);
        var sandbox = tools.Sandbox;
        TurnOffUnless(sandbox.IsTimeLimited, $"{VideoOptions.Section}:{nameof(VideoOptions.ProcessCpuSeconds)}");
        TurnOffUnless(
            sandbox.IsMemoryLimited, $"{VideoOptions.Section}:{nameof(VideoOptions.ProcessMemoryMebibytes)}");
        return all;

        // A missing program or a hardware decoder leaves a limit without effect.
        void TurnOffUnless(bool isInForce, string name) => all[name] = isInForce ? all[name] : Off;
    }

    private static string Text(ServiceLimit limit) =>
        limit.Unit.Length == 0 && TimeSpan.TryParse(limit.Value, CultureInfo.InvariantCulture, out var time)
            ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.###} s")
            : $"{limit.Value} {limit.Unit}";
}

/// <summary>The fixed limits of requests and pipelines, for GetServerInfo.</summary>
internal static class RequestLimits
{
    [Limit(
        "frames", "Maximum stride; a larger one is refused.",
        Name = "RunPipelineRequest.frame_stride", Reason = ErrorReason.InvalidField)]
    public const int FrameStride = DecodePlan.MaxStride;

    [Limit(
        "characters", "Length of a job id; a longer one is refused.",
        Name = "RunPipelineRequest.job_id", Reason = ErrorReason.InvalidField)]
    public const int JobIdLength = SegmentRequest.MaxJobIdLength;

    [Limit("nodes", "Nodes of a pipeline; one with more refuses the start.", Name = "pipeline nodes")]
    public const int Nodes = PipelineValidator.MaxNodes;

    [Limit("pipelines", "Pipelines in their folder; more refuse the start.", Name = "pipelines")]
    public const int Pipelines = PipelineFiles.MaxFiles;
}
