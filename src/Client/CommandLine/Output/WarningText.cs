using System.Globalization;
using ForegSyte.V1;

namespace ForegSyte.CommandLine.Output;

/// <summary>Warnings of a job as text.</summary>
internal static class WarningText
{
    private const string Prefix = "WARNING_REASON_";

    /// <summary>For example "FRAMES_LOST (12): 12 frames could not be decoded."</summary>
    public static string Of(Warning warning) => string.Create(
        CultureInfo.InvariantCulture, $"{ReasonOf(warning.Reason)} ({warning.Count}): {warning.Message}");

    /// <summary>For example "2 warnings"; empty for none.</summary>
    public static string CountOf(Job job) => job.Warnings.Count switch
    {
        0 => "",
        1 => "1 warning",
        _ => string.Create(CultureInfo.InvariantCulture, $"{job.Warnings.Count} warnings"),
    };

    /// <summary>The reason as the contract spells it; the number of one that this version does not know.</summary>
    private static string ReasonOf(WarningReason reason)
    {
        var name = WarningReflection.Descriptor.EnumTypes[0].FindValueByNumber((int)reason)?.Name;
        return name?[Prefix.Length..] ?? ((int)reason).ToString(CultureInfo.InvariantCulture);
    }
}
