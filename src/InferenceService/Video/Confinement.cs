using System.Globalization;

namespace ForegSyte.Inference.Video;

/// <summary>
/// The command that stands before ffmpeg and ffprobe, so that a hostile or broken video costs a process and nothing
/// else: its own session (Ctrl+C reaches the service alone, which then ends its decoders in order), no network,
/// niceness, address space, processor time, no file that it could write.
/// </summary>
/// <remarks>
/// Address space that FFmpeg 5.1 (Debian 12, shared libraries) needed to decode 3840x2160 with 4 reference frames and
/// give RGB: H.264 700 MiB and HEVC 1000 MiB with 2 threads, 1500 MiB with 8; 320x240: 400 MiB.
/// </remarks>
/// <param name="Prefix">Programs and arguments that come first; empty where none is installed.</param>
/// <param name="Missing">Programs that are not installed, each with what is not limited because of it.</param>
/// <param name="Level">What is in force, for people.</param>
/// <param name="IsMemoryLimited">Whether the address space is limited.</param>
/// <param name="IsTimeLimited">Whether the processor time is limited.</param>
/// <param name="HasNoNetwork">Whether there is no network to reach.</param>
internal sealed record Confinement(
    IReadOnlyList<string> Prefix,
    IReadOnlyList<string> Missing,
    string Level,
    bool IsMemoryLimited,
    bool IsTimeLimited,
    bool HasNoNetwork)
{
    /// <summary>
    /// Seconds between the signal that ends a process for its processor time and the one it cannot catch.
    /// </summary>
    private const int CpuSecondsToEnd = 5;

    /// <summary>Makes the prefix from the programs that there are.</summary>
    /// <param name="options">The limits.</param>
    /// <param name="find">Path of a program, or null where it is not installed.</param>
    /// <param name="networkPrefix">Command that takes the network away; empty for none.</param>
    /// <param name="isAddressSpaceLimited">False where the decoder needs more address space than memory.</param>
    public static Confinement Make(
        VideoOptions options,
        Func<string, string?> find,
        IReadOnlyList<string> networkPrefix,
        bool isAddressSpaceLimited)
    {
        List<string> prefix = [];
        List<string> missing = [];
        List<string> level = ["the protocol whitelist"];
        Add("setsid", [], "a session of their own", "decoders share the service's terminal");
        if (networkPrefix.Count > 0)
        {
            prefix.AddRange(networkPrefix);
            level.Add("no network");
        }

        var niceness = Text(options.Niceness);
        Add("nice", ["-n", niceness], $"niceness {niceness}", "decoders run at the service's priority");
        var cpuSeconds = Text(options.ProcessCpuSeconds);
        var memory = isAddressSpaceLimited ? $"{Text(options.ProcessMemoryMebibytes)} MiB" : "no limit of memory";
        var isLimited = Add(
            "prlimit",
            [
                .. isAddressSpaceLimited
                    ? (string[])["--as=" + Text(options.ProcessMemoryMebibytes * 1024L * 1024L)]
                    : [],
                $"--cpu={cpuSeconds}:{Text(options.ProcessCpuSeconds + CpuSecondsToEnd)}",
                "--core=0",
                "--fsize=0",
            ],
            $"{memory}, {cpuSeconds} s of processor time, no files to write",
            "decoders have no limit of memory and processor time");
        return new Confinement(
            prefix,
            missing,
            string.Join(", ", level),
            isLimited && isAddressSpaceLimited,
            isLimited,
            networkPrefix.Count > 0);

        bool Add(string program, string[] arguments, string gain, string loss)
        {
            var path = find(program);
            if (path is null)
            {
                missing.Add($"{program}: {loss}");
                return false;
            }

            prefix.AddRange([path, .. arguments]);
            level.Add(gain);
            return true;
        }
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
