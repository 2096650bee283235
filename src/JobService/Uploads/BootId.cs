namespace ForegSyte.Jobs.Uploads;

/// <summary>
/// Which run of the operating system this is. What a process wrote is there after its end, and surely there only as
/// long as the same run goes on.
/// </summary>
internal static class BootId
{
    // Linux: random(4), "/proc interfaces".
    private const string Path = "/proc/sys/kernel/random/boot_id";

    /// <summary>Of this run; empty where the operating system does not tell.</summary>
    public static string Current { get; } = File.Exists(Path) ? File.ReadAllText(Path).Trim() : "";
}
