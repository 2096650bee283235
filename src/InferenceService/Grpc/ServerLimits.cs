using System.Globalization;
using ForegSyte.Hosting.Stopping;
using ForegSyte.Inference.Video;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Grpc;

/// <summary>The limits in force, by option name, for people who wonder why they were refused.</summary>
internal sealed class ServerLimits(
    IOptions<VideoOptions> video, IOptions<GrpcOptions> grpc, IOptions<StopOptions> stop, DecoderTools tools)
{
    private const string Off = "off";

    /// <summary>Each limit as text with its unit last.</summary>
    public IReadOnlyDictionary<string, string> All() => new Dictionary<string, string>
    {
        ["Video:MaxFrames"] = Text(video.Value.MaxFrames, "frames"),
        ["Video:MaxFrameSidePixels"] = Text(video.Value.MaxFrameSidePixels, "pixels"),
        ["Video:MaxFramePixels"] = Text(video.Value.MaxFramePixels, "pixels"),
        ["Video:ProbeTimeLimit"] = Text(video.Value.ProbeTimeLimit),
        ["Video:DecodeTimeLimit"] = Text(video.Value.DecodeTimeLimit),
        ["Video:ProcessCpuSeconds"] = If(tools.Confinement.IsTimeLimited, Text(video.Value.ProcessCpuSeconds, "s")),
        ["Video:ProcessMemoryMebibytes"] = If(
            tools.Confinement.IsMemoryLimited, Text(video.Value.ProcessMemoryMebibytes, "MiB")),
        ["Video:DecoderThreads"] = Text(video.Value.DecoderThreads, "threads"),
        ["Grpc:MaxResponseBytes"] = Text(grpc.Value.MaxResponseBytes, "bytes"),
        ["Grpc:MaxRunningSegments"] = Text(grpc.Value.MaxRunningSegments, "calls"),
        ["Grpc:MaxWaitingSegments"] = Text(grpc.Value.MaxWaitingSegments, "calls"),
        ["Grpc:MaxWaitTime"] = Text(grpc.Value.MaxWaitTime),
        ["Grpc:SegmentTimeLimit"] = Text(grpc.Value.SegmentTimeLimit),
        ["Grpc:MaxRunningProbes"] = Text(grpc.Value.MaxRunningProbes, "calls"),
        ["Stop:GraceTime"] = Text(stop.Value.GraceTime),
    };

    private static string Text(int number, string unit) =>
        string.Create(CultureInfo.InvariantCulture, $"{number} {unit}");

    private static string Text(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.###} s");

    /// <summary>What a missing program, or a GPU that decodes, does not allow is not limited.</summary>
    private static string If(bool isInForce, string limit) => isInForce ? limit : Off;
}
