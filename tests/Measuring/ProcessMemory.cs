using System.Globalization;

namespace ForegSyte.Measuring;

/// <summary>What a process holds in memory, as Linux tells it.</summary>
/// <param name="ResidentMegabytes">VmRSS: all of its pages that are in memory, in MB (1,000,000 bytes).</param>
/// <param name="ProportionalMegabytes">
/// PSS: the same with shared pages counted in parts, in MB (1,000,000 bytes).
/// </param>
/// <param name="PeakMegabytes">VmHWM: the most that was ever resident, in MB (1,000,000 bytes).</param>
public sealed record ProcessMemory(double ResidentMegabytes, double ProportionalMegabytes, double PeakMegabytes)
{
    private const double BytesPerKibibyte = 1024;
    private const double BytesPerMegabyte = 1e6;

    /// <summary>Reads it; the process has to run.</summary>
    public static ProcessMemory Of(int processId) => new(
        Megabytes($"/proc/{processId}/status", "VmRSS:"), Megabytes($"/proc/{processId}/smaps_rollup", "Pss:"),
        Megabytes($"/proc/{processId}/status", "VmHWM:"));

    private static double Megabytes(string path, string name)
    {
        var line = File.ReadLines(path).First(line => line.StartsWith(name, StringComparison.Ordinal));
        var kibibytes = line[name.Length..].Replace("kB", "", StringComparison.Ordinal).Trim();
        return double.Parse(kibibytes, NumberStyles.None, CultureInfo.InvariantCulture)
            * BytesPerKibibyte / BytesPerMegabyte;
    }
}
