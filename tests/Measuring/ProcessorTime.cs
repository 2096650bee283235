using System.Globalization;

namespace ForegSyte.Measuring;

/// <summary>
/// Processor time of a process, as Linux tells it. Unlike wall time it hardly changes under foreign load.
/// </summary>
public static class ProcessorTime
{
    /// <summary>Linux counts in hundredths of a second for programs (USER_HZ), whatever its own clock.</summary>
    private const double TicksPerSecond = 100;

    /// <summary>Position of utime behind the name in /proc/[pid]/stat; stime, cutime and cstime follow.</summary>
    private const int UserTimeField = 11;

    /// <summary>Seconds of all its threads, and of its child processes that have ended.</summary>
    public static double SecondsOf(int processId) =>
        SecondsIn(File.ReadAllText(FormattableString.Invariant($"/proc/{processId}/stat")));

    /// <summary>The same from the text of /proc/[pid]/stat. The name in it may have spaces and brackets.</summary>
    public static double SecondsIn(string stat) =>
        stat[(stat.LastIndexOf(')') + 2)..].Split(' ').Skip(UserTimeField).Take(4)
            .Sum(ticks => long.Parse(ticks, NumberStyles.None, CultureInfo.InvariantCulture)) / TicksPerSecond;
}
