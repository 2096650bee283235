using System.Globalization;
using ForegSyte.V1;

namespace ForegSyte.Inference.Video;

/// <summary>
/// The command that stands before ffmpeg and ffprobe, so that a hostile or broken video costs a process and nothing
/// else: its own session (Ctrl+C reaches the service alone, which then ends its decoders in order), niceness, address
/// space, processor time, no file that it could write, the end together with the service, no network, no file to read
/// but the video.
/// </summary>
/// <remarks>
/// Address space that FFmpeg 5.1 (Debian 12, shared libraries) needed to decode 3840x2160 with 4 reference frames and
/// give RGB: H.264 700 MiB and HEVC 1000 MiB with 2 threads, 1500 MiB with 8; 320x240: 400 MiB.
/// </remarks>
/// <param name="Level">The level that the command reaches where all of it works.</param>
/// <param name="Prefix">Programs and arguments that come first; empty where none is installed.</param>
/// <param name="Measures">What is in force, for people.</param>
/// <param name="Missing">Programs that are not installed, each with what is not limited because of it.</param>
/// <param name="IsMemoryLimited">Whether the address space is limited.</param>
/// <param name="IsTimeLimited">Whether the processor time is limited.</param>
internal sealed record Confinement(
    SandboxLevel Level,
    IReadOnlyList<string> Prefix,
    IReadOnlyList<string> Measures,
    IReadOnlyList<string> Missing,
    bool IsMemoryLimited,
    bool IsTimeLimited)
{
    /// <summary>
    /// Seconds between the signal that ends a process for its processor time and the one it cannot catch.
    /// </summary>
    private const int CpuSecondsToEnd = 5;

    /// <summary>Makes the prefix from the programs that there are.</summary>
    /// <param name="options">The limits.</param>
    /// <param name="find">Path of a program, or null where it is not installed.</param>
    /// <param name="isolation">
    /// Command that takes the network away, or that makes a file system, with the level that it gives; null for none.
    /// </param>
    /// <param name="isAddressSpaceLimited">False where the decoder needs more address space than memory.</param>
    public static Confinement Make(
        VideoOptions options, Func<string, string?> find, Isolation? isolation, bool isAddressSpaceLimited)
    {
        var making = new Making(find);
        making.Add("setsid", [], "a session of their own", "decoders share the service's terminal");
        var niceness = Text(options.Niceness);
        making.Add("nice", ["-n", niceness], $"niceness {niceness}", "decoders run at the service's priority");
        var cpuSeconds = Text(options.ProcessCpuSeconds);
        var memory = isAddressSpaceLimited ? $"{Text(options.ProcessMemoryMebibytes)} MiB" : "no limit of memory";
        string[] addressSpace = isAddressSpaceLimited
            ? ["--as=" + Text(options.ProcessMemoryMebibytes * 1024L * 1024L)]
            : [];
        var isLimited = making.Add(
            "prlimit",
            [
                .. addressSpace,
                $"--cpu={cpuSeconds}:{Text(options.ProcessCpuSeconds + CpuSecondsToEnd)}",
                "--core=0",
                "--fsize=0",
            ],
            $"{memory}, {cpuSeconds} s of processor time, no files to write",
            "decoders have no limit of memory and processor time");
        if (isolation is not null)
        {
            making.Add(isolation.Command, isolation.Measure);
        }

        const string EndsWithTheService = "the end together with the service";
        if (isolation is { EndsWithTheService: true })
        {
            making.Add([], EndsWithTheService);
        }
        else
        {
            // After unshare: a change of the user's rights makes the kernel forget the wish.
            making.Add(
                "setpriv",
                ["--pdeathsig", "KILL", "--no-new-privs"],
                EndsWithTheService,
                "decoders may outlive a service that is killed");
        }

        var level = isolation?.Level ?? (isLimited ? SandboxLevel.Limits : SandboxLevel.Options);
        return new Confinement(
            level, making.Prefix, making.Measures, making.Missing, isLimited && isAddressSpaceLimited, isLimited);
    }

    /// <summary>The whole command line of a program.</summary>
    /// <param name="program">Path of the program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="video">The one file that it may read; null for none.</param>
    public ChildCommand Command(string program, IEnumerable<string> arguments, string? video) =>
        Level == SandboxLevel.Files
            ? new ChildCommand(
                Path.GetFileName(program),
                [.. Prefix, .. video is null ? [] : Bubblewrap.Readable(video), "--", program, .. arguments],
                SystemCallFilter.ForThisMachine)
            : new ChildCommand(Path.GetFileName(program), [.. Prefix, program, .. arguments]);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private sealed class Making(Func<string, string?> find)
    {
        public List<string> Prefix { get; } = [];

        public List<string> Missing { get; } = [];

        public List<string> Measures { get; } = ["the protocol whitelist"];

        public void Add(IReadOnlyList<string> command, string gain)
        {
            Prefix.AddRange(command);
            Measures.Add(gain);
        }

        public bool Add(string program, string[] arguments, string gain, string loss)
        {
            if (find(program) is not { } path)
            {
                Missing.Add($"{program}: {loss}");
                return false;
            }

            Add([path, .. arguments], gain);
            return true;
        }
    }
}
