namespace ForegSyte.Measuring;

/// <summary>What the numbers were measured on.</summary>
public sealed record Machine(int Cores, string Processor)
{
    /// <summary>This machine.</summary>
    public static Machine Here() => new(Environment.ProcessorCount, ProcessorName());

    /// <summary>Load averages over 1, 5 and 15 minutes: other work on the machine spoils timings.</summary>
    public static string Load() => File.Exists("/proc/loadavg")
        ? string.Join(", ", File.ReadAllText("/proc/loadavg").Split(' ').Take(3))
        : "unknown";

    private static string ProcessorName() => File.Exists("/proc/cpuinfo")
        ? File.ReadLines("/proc/cpuinfo")
            .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
            ?.Split(": ")[^1] ?? "unknown processor"
        : "unknown processor";
}
