using System.Globalization;
using ForegSyte.Inference.V1;

namespace ForegSyte.Inference.Video;

/// <summary>
/// The sandbox of a decoder: a command before ffmpeg and ffprobe that limits a hostile or broken video to one process.
/// It gives that process a session (Ctrl+C reaches only the service, which then ends its decoders in order), niceness,
/// limits of memory and processor time, no writable file, an end together with the service, no network, and no readable
/// file but the video.
/// </summary>
/// <remarks>
/// Address space that FFmpeg 5.1 (Debian 12, shared libraries) needs to decode 3840x2160 with 4 reference frames to
/// RGB: H.264 700 MiB and HEVC 1000 MiB with 2 threads, 1500 MiB with 8; 320x240: 400 MiB.
/// </remarks>
/// <param name="Level">The level that the command reaches if all of its programs work.</param>
/// <param name="Prefix">Programs and arguments of the sandbox; empty if none is installed.</param>
/// <param name="Measures">The measures in force, for people.</param>
/// <param name="Missing">Measures that do not work here, mostly programs, each with the effect on decoders.</param>
/// <param name="IsMemoryLimited">Whether the address space is limited.</param>
/// <param name="IsTimeLimited">Whether the processor time is limited.</param>
internal sealed record DecoderSandbox(
    SandboxLevel Level,
    IReadOnlyList<string> Prefix,
    IReadOnlyList<string> Measures,
    IReadOnlyList<string> Missing,
    bool IsMemoryLimited,
    bool IsTimeLimited)
{
    /// <summary>Score of processes that the kernel ends first when memory runs out (oom_score_adj).</summary>
    private const string MostLikelyToEnd = "1000";

    /// <summary>Seconds of processor time between SIGXCPU and SIGKILL.</summary>
    private const int CpuSecondsToEnd = 5;

    /// <summary>Makes the sandbox from the installed programs.</summary>
    /// <param name="options">The limits.</param>
    /// <param name="find">Finds the path of a program; null if it is not installed.</param>
    /// <param name="wrapper">The program that removes network or files; null for none.</param>
    /// <param name="isAddressSpaceLimited">False if the decoder needs more address space than memory.</param>
    public static DecoderSandbox Make(
        VideoOptions options, Func<string, string?> find, SandboxWrapper? wrapper, bool isAddressSpaceLimited)
    {
        var builder = new Builder(find);
        builder.Add("setsid", [], "a session of their own", "decoders share the service's terminal");
        var niceness = Text(options.Niceness);
        builder.Add("nice", ["-n", niceness], $"niceness {niceness}", "decoders run at the service's priority");
        builder.Add(
            "choom",
            ["-n", MostLikelyToEnd, "--"],
            "the first to end when memory runs out",
            "the kernel may end the service instead of a decoder when memory runs out");
        var cpuSeconds = Text(options.ProcessCpuSeconds);
        var memory = isAddressSpaceLimited ? $"{Text(options.ProcessMemoryMebibytes)} MiB" : "no limit of memory";
        string[] addressSpace = isAddressSpaceLimited
            ? ["--as=" + Text(options.ProcessMemoryMebibytes * 1024L * 1024L)]
            : [];
        var isLimited = builder.Add(
            "prlimit",
            [
                .. addressSpace,
                $"--cpu={cpuSeconds}:{Text(options.ProcessCpuSeconds + CpuSecondsToEnd)}",
                "--core=0",
                "--fsize=0",
            ],
            $"{memory}, {cpuSeconds} s of processor time, no files to write",
            "decoders have no limit of memory and processor time");
        if (wrapper is not null)
        {
            builder.Add(wrapper.Command, wrapper.Measure);
            if (wrapper.Level == SandboxLevel.Files && SeccompFilter.ForThisMachine.IsEmpty)
            {
                builder.Missing.Add("a filter of system calls for this processor: decoders may make any call");
            }
        }

        const string EndsWithTheService = "the end together with the service";
        if (wrapper is { EndsWithTheService: true })
        {
            builder.Add([], EndsWithTheService);
        }
        else
        {
            // After unshare: the kernel clears the death signal when the user's privileges change.
            builder.Add(
                "setpriv",
                ["--pdeathsig", "KILL", "--no-new-privs"],
                EndsWithTheService,
                "decoders may outlive a service that is killed");
        }

        var level = wrapper?.Level ?? (isLimited ? SandboxLevel.Limits : SandboxLevel.Options);
        return new DecoderSandbox(
            level, builder.Prefix, builder.Measures, builder.Missing, isLimited && isAddressSpaceLimited, isLimited);
    }

    /// <summary>The complete command of a program in the sandbox.</summary>
    /// <param name="program">Path of the program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="video">The only file that it may read; null for none.</param>
    /// <param name="folder">A folder of ours that it may read too, at <see cref="FolderPath"/>; null for none.</param>
    public ChildCommand Command(
        string program, IEnumerable<string> arguments, VideoFile? video, string? folder = null) =>
        Level == SandboxLevel.Files
            ? new ChildCommand(
                Path.GetFileName(program),
                [
                    .. Prefix, .. Bubblewrap.Video(video), .. Bubblewrap.Folder(folder), .. Bubblewrap.End, program,
                    .. arguments,
                ],
                SeccompFilter.ForThisMachine,
                video?.Descriptor)
            : new ChildCommand(
                Path.GetFileName(program), [.. Prefix, program, .. arguments], Descriptor: video?.Descriptor);

    /// <summary>The path by which a program in the sandbox opens a video.</summary>
    public string InputPath(VideoFile video) => Level == SandboxLevel.Files ? video.Path : video.DescriptorPath;

    /// <summary>The path by which a program in the sandbox finds a folder of ours.</summary>
    public string FolderPath(string folder) => Level == SandboxLevel.Files ? Bubblewrap.FolderInside : folder;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private sealed class Builder(Func<string, string?> find)
    {
        public List<string> Prefix { get; } = [];

        public List<string> Missing { get; } = [];

        public List<string> Measures { get; } = ["the protocol whitelist"];

        public void Add(IReadOnlyList<string> command, string measure)
        {
            Prefix.AddRange(command);
            Measures.Add(measure);
        }

        public bool Add(string program, string[] arguments, string measure, string lossWithout)
        {
            if (find(program) is not { } path)
            {
                Missing.Add($"{program}: {lossWithout}");
                return false;
            }

            Add([path, .. arguments], measure);
            return true;
        }
    }
}

/// <summary>A program that removes network or files from the program that it runs.</summary>
/// <param name="Level">The sandbox level that it reaches.</param>
/// <param name="Command">The program and its arguments; the program to run follows them.</param>
/// <param name="Measure">Its effect, for people.</param>
/// <param name="EndsWithTheService">Whether it also kills the decoder when the service ends.</param>
internal sealed record SandboxWrapper(
    SandboxLevel Level, IReadOnlyList<string> Command, string Measure, bool EndsWithTheService)
{
    /// <summary>
    /// Arguments for namespaces without network and without the shared memory of others, the cheaper first: as root,
    /// and in a user namespace. Neither forks.
    /// </summary>
    private static readonly string[][] NetworkArguments =
        [["--net", "--ipc"], ["--user", "--map-current-user", "--net", "--ipc"]];

    /// <summary>Wrappers that remove the network, by unshare(1); the cheaper first.</summary>
    /// <param name="unshare">Path of unshare.</param>
    public static IEnumerable<SandboxWrapper> Network(string unshare) =>
        NetworkArguments.Select(arguments => new SandboxWrapper(
            SandboxLevel.Network,
            [unshare, .. arguments],
            "no network, no shared memory of others",
            EndsWithTheService: false));

    /// <summary>The wrapper that removes all files but the video, by bwrap(1).</summary>
    /// <param name="bwrap">Path of bwrap.</param>
    /// <param name="programs">Paths of the programs that may run.</param>
    public static SandboxWrapper Files(string bwrap, IEnumerable<string> programs) => new(
        SandboxLevel.Files,
        Bubblewrap.Prefix(
            bwrap,
            programs,
            Environment.GetEnvironmentVariable("LD_LIBRARY_PATH") ?? "",
            !SeccompFilter.ForThisMachine.IsEmpty),
        "no network, no file but the video, no other process, only the system calls that decoding needs",
        EndsWithTheService: true);
}

/// <summary>
/// The arguments of bwrap(1): an empty file system with read-only mounts of the video, FFmpeg and the loader's files;
/// namespaces for processes, network, host name and IPC; no capability; an end together with the service.
/// </summary>
/// <remarks>
/// The sandbox has no /proc, /dev, /tmp or home folder. --new-session is absent because setsid has made a session
/// before bwrap; the sandbox stays in the process group that the service kills.
/// </remarks>
internal static class Bubblewrap
{
    /// <summary>Folders of libraries; on some systems they are links.</summary>
    private static readonly string[] LibraryFolders =
    [
        "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32", "/usr/local/lib", "/lib", "/lib32", "/lib64", "/libx32",
    ];

    /// <summary>The loader's cache, and Debian's links to alternatives such as BLAS.</summary>
    private static readonly string[] LoaderPaths = ["/etc/ld.so.cache", "/etc/alternatives"];

    /// <summary>The arguments before the mount of the video and the program.</summary>
    /// <param name="bwrap">Path of bwrap.</param>
    /// <param name="programs">Paths of the programs that may run.</param>
    /// <param name="libraryPath">LD_LIBRARY_PATH; empty if it is not set.</param>
    /// <param name="hasFilter">Whether the standard input contains a seccomp filter.</param>
    public static IReadOnlyList<string> Prefix(
        string bwrap, IEnumerable<string> programs, string libraryPath, bool hasFilter) =>
    [
        bwrap, "--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "--chdir", "/",
        .. hasFilter ? (string[])["--seccomp", "0"] : [],
        .. LibraryFolders.SelectMany(Library),
        .. libraryPath.Split(':', StringSplitOptions.RemoveEmptyEntries).Where(Directory.Exists).SelectMany(Readable),
        .. LoaderPaths.Where(Path.Exists).SelectMany(Readable),
        .. programs.SelectMany(Readable),
    ];

    /// <summary>
    /// The arguments after all mounts. Without a read-only root, each folder made in it would take memory that no limit
    /// of the process counts.
    /// </summary>
    public static IReadOnlyList<string> End { get; } = ["--remount-ro", "/", "--"];

    /// <summary>
    /// Mounts the open file at its path; bwrap compares the mounted file with the descriptor. Nothing for no video.
    /// </summary>
    public static string[] Video(VideoFile? video) => video?.Descriptor is { } descriptor
        ? ["--ro-bind-fd", FormattableString.Invariant($"{descriptor.DangerousGetHandle()}"), video.Path]
        : [];

    /// <summary>Where <see cref="Folder"/> mounts a folder.</summary>
    public const string FolderInside = "/foregsyte";

    /// <summary>Mounts a folder read-only. Nothing for no folder.</summary>
    public static string[] Folder(string? path) => path is null ? [] : ["--ro-bind", path, FolderInside];

    /// <summary>Mounts a file or folder read-only at its own path.</summary>
    public static string[] Readable(string path) => ["--ro-bind", path, path];

    private static string[] Library(string folder) => new DirectoryInfo(folder) switch
    {
        { LinkTarget: { } target } => ["--symlink", target, folder],
        { Exists: true } => Readable(folder),
        _ => [],
    };
}
