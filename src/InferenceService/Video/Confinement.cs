using System.Globalization;

namespace ForegSyte.Inference.Video;

/// <summary>
/// The command that stands before ffmpeg and ffprobe, so that a hostile or broken video costs a process and nothing
/// else: its own session (Ctrl+C reaches the service alone, which then ends its decoders in order), niceness, address
/// space, processor time.
/// </summary>
/// <remarks>
/// Address space that FFmpeg 5.1 (Debian 12, shared libraries) needed to decode 3840x2160 with 4 reference frames and
/// give RGB: H.264 700 MiB and HEVC 1000 MiB with 2 threads, 1500 MiB with 8; 320x240: 400 MiB.
/// </remarks>
/// <param name="Prefix">Programs and arguments that come first; empty where none is installed.</param>
/// <param name="Missing">Programs that are not installed, each with what is not limited because of it.</param>
internal sealed record Confinement(IReadOnlyList<string> Prefix, IReadOnlyList<string> Missing)
{
    /// <summary>
    /// Seconds between the signal that ends a process for its processor time and the one it cannot catch.
    /// </summary>
    private const int CpuSecondsToEnd = 5;

    /// <summary>Makes the prefix from the programs that there are.</summary>
    /// <param name="options">The limits.</param>
    /// <param name="find">Path of a program, or null where it is not installed.</param>
    public static Confinement Make(VideoOptions options, Func<string, string?> find)
    {
        (string Program, string[] Arguments, string Effect)[] steps =
        [
            ("setsid", [], "decoders share the service's terminal"),
            ("nice", ["-n", Text(options.Niceness)], "decoders run at the service's priority"),
            (
                "prlimit",
                [
                    "--as=" + Text(options.ProcessMemoryMebibytes * 1024L * 1024L),
                    $"--cpu={Text(options.ProcessCpuSeconds)}:{Text(options.ProcessCpuSeconds + CpuSecondsToEnd)}",
                    "--core=0",
                ],
                "decoders have no limit of memory and processor time"),
        ];
        List<string> prefix = [];
        List<string> missing = [];
        foreach (var (program, arguments, effect) in steps)
        {
            if (find(program) is { } path)
            {
                prefix.AddRange([path, .. arguments]);
            }
            else
            {
                missing.Add($"{program}: {effect}");
            }
        }

        return new Confinement(prefix, missing);
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
