using System.Globalization;
using ForegSyte.Hosting.Limits;
using ForegSyte.Inference.Video;

namespace ForegSyte.Inference.Grpc;

/// <summary>
/// The limits in force, by option name, for people who wonder why they were refused: those of the options, with what
/// the machine does not enforce told as it is.
/// </summary>
internal sealed class ServerLimits(ServiceLimits limits, DecoderTools tools)
{
    private const string Off = "off";

    /// <summary>Each limit as text with its unit last; durations in seconds.</summary>
    public IReadOnlyDictionary<string, string> All()
    {
        var all = limits.All.ToDictionary(limit => limit.Name, Text);
        var confinement = tools.Confinement;
        TurnOffUnless(confinement.IsTimeLimited, $"{VideoOptions.Section}:{nameof(VideoOptions.ProcessCpuSeconds)}");
        TurnOffUnless(
            confinement.IsMemoryLimited, $"{VideoOptions.Section}:{nameof(VideoOptions.ProcessMemoryMebibytes)}");
        return all;

        // What a missing program, or a GPU that decodes, does not allow is not limited.
        void TurnOffUnless(bool isInForce, string name) => all[name] = isInForce ? all[name] : Off;
    }

    private static string Text(ServiceLimit limit) =>
        limit.Unit.Length == 0 && TimeSpan.TryParse(limit.Value, CultureInfo.InvariantCulture, out var time)
            ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.###} s")
            : $"{limit.Value} {limit.Unit}";
}
