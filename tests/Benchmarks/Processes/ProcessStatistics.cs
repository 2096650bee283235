using System.Globalization;

namespace ForegSyte.Benchmarks.Processes;

/// <summary>Memory of a process, from /proc, in MB (1,000,000 bytes).</summary>
/// <param name="Resident">VmRSS: all of its pages in memory.</param>
/// <param name="Proportional">PSS: the same, with each shared page divided among the processes that share it.</param>
/// <param name="Peak">VmHWM: the highest resident memory so far.</param>
internal sealed record ProcessMemory(double Resident, double Proportional, double Peak)
{
    private const double BytesPerKibibyte = 1024;
    private const double BytesPerMegabyte = 1e6;

    /// <summary>Reads the memory of a running process.</summary>
    public static ProcessMemory Of(int processId) => new(
        Megabytes($"/proc/{processId}/status", "VmRSS:"),
        Megabytes($"/proc/{processId}/smaps_rollup", "Pss:"),
        Megabytes($"/proc/{processId}/status", "VmHWM:"));

    private static double Megabytes(string path, string name)
    {
        var line = File.ReadLines(path).First(line => line.StartsWith(name, StringComparison.Ordinal));
        var kibibytes = line[name.Length..].Replace("kB", "", StringComparison.Ordinal).Trim();
        return double.Parse(kibibytes, NumberStyles.None, CultureInfo.InvariantCulture)
            * BytesPerKibibyte / BytesPerMegabyte;
    }
}

/// <summary>
/// Processor time of a process, from /proc. Other load on the machine affects it less than wall time.
/// </summary>
internal static class ProcessorTime
{
    /// <summary>Linux reports times to programs in units of 1/100 s (USER_HZ).</summary>
    private const double TicksPerSecond = 100;

    /// <summary>Position of utime after the name in /proc/[pid]/stat; stime, cutime and cstime follow.</summary>
    private const int UserTimeField = 11;

    /// <summary>Seconds used by all its threads and by its child processes that have ended.</summary>
    public static double SecondsOf(int processId)
    {
        var stat = File.ReadAllText(FormattableString.Invariant($"/proc/{processId}/stat"));

        // The name can contain spaces and brackets.
        return stat[(stat.LastIndexOf(')') + 2)..].Split(' ').Skip(UserTimeField).Take(4)
            .Sum(ticks => long.Parse(ticks, NumberStyles.None, CultureInfo.InvariantCulture)) / TicksPerSecond;
    }
}
