using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Video;

/// <summary>
/// The programs that read videos, found once when the service starts, and how they are confined. What the machine
/// allows beyond that is found out by <see cref="DecoderChecks"/>.
/// </summary>
internal sealed class DecoderTools
{
    private const UnixFileMode AnyExecute =
        UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly VideoOptions _options;
    private readonly string _searchPath = Environment.GetEnvironmentVariable("PATH") ?? "";
    private readonly string _ffmpeg;
    private readonly string _ffprobe;

    /// <exception cref="OptionsValidationException">ffmpeg or ffprobe is not installed; refuses the start.</exception>
    public DecoderTools(IOptions<VideoOptions> options, ILogger<DecoderTools> logger)
    {
        _options = options.Value;
        _ffmpeg = Require(_options.FfmpegPath, nameof(VideoOptions.FfmpegPath));
        _ffprobe = Require(_options.FfprobePath, nameof(VideoOptions.FfprobePath));
        Confinement = Confine(isolation: null, isAddressSpaceLimited: true);
        foreach (var missing in Confinement.Missing)
        {
            logger.LogWarning("Confinement of decoders is not complete: {Missing}", missing);
        }
    }

    /// <summary>What stands before the programs.</summary>
    public Confinement Confinement { get; private set; }

    /// <summary>Arguments of ffmpeg that choose what decodes; empty for the processor.</summary>
    public IReadOnlyList<string> HardwareArguments { get; private set; } = [];

    /// <summary>The whole command line of ffmpeg with these arguments.</summary>
    /// <param name="arguments">Arguments of ffmpeg.</param>
    /// <param name="video">The one file that it may read; null for none.</param>
    public ChildCommand Ffmpeg(IEnumerable<string> arguments, string? video = null) =>
        Confinement.Command(_ffmpeg, arguments, video);

    /// <summary>The whole command line of ffprobe with these arguments.</summary>
    /// <param name="arguments">Arguments of ffprobe.</param>
    /// <param name="video">The one file that it may read.</param>
    public ChildCommand Ffprobe(IEnumerable<string> arguments, string video) =>
        Confinement.Command(_ffprobe, arguments, video);

    /// <summary>Takes what the checks of the start found.</summary>
    /// <param name="isolation">What takes network or files away; null for nothing.</param>
    /// <param name="hardwareArguments">Arguments of ffmpeg that choose what decodes; empty for the processor.</param>
    public void Apply(Isolation? isolation, IReadOnlyList<string> hardwareArguments)
    {
        // CUDA reserves address space for all the memory of machine and GPU: under a limit of it nothing starts.
        Confinement = Confine(isolation, isAddressSpaceLimited: hardwareArguments.Count == 0);
        HardwareArguments = hardwareArguments;
    }

    /// <summary>
    /// The ways to a level, the cheaper first; none where the program for it is not installed.
    /// </summary>
    /// <param name="level">The level.</param>
    /// <param name="program">Name of the program that the level needs.</param>
    public IReadOnlyList<Isolation> WaysTo(SandboxLevel level, out string program)
    {
        program = level == SandboxLevel.Files ? "bwrap (bubblewrap)" : "unshare (util-linux)";
        return (level, Find("bwrap"), Find("unshare")) switch
        {
            (SandboxLevel.Files, { } bwrap, _) => [Isolation.Files(bwrap, [_ffmpeg, _ffprobe])],
            (SandboxLevel.Network, _, { } unshare) => [.. Isolation.Networks(unshare)],
            _ => [],
        };
    }

    /// <summary>Path of a program on the PATH that the service was started with; null where there is none.</summary>
    public string? Find(string program) => Find(program, _searchPath);

    /// <summary>Path of a program; a name with a slash is taken as it is.</summary>
    internal static string? Find(string program, string searchPath) =>
        program.Contains('/', StringComparison.Ordinal)
            ? Executable(Path.GetFullPath(program))
            : searchPath.Split(':', StringSplitOptions.RemoveEmptyEntries)
                .Select(folder => Executable(Path.Combine(folder, program)))
                .FirstOrDefault(path => path is not null);

    private static string? Executable(string path) =>
        File.Exists(path) && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & AnyExecute) != 0)
            ? path
            : null;

    private Confinement Confine(Isolation? isolation, bool isAddressSpaceLimited) =>
        Confinement.Make(_options, Find, isolation, isAddressSpaceLimited);

    private string Require(string program, string option) =>
        Find(program) ?? throw new OptionsValidationException(
            VideoOptions.Section,
            typeof(VideoOptions),
            [$"{program} was not found: install ffmpeg, for example apt-get install ffmpeg, or set "
                + $"{VideoOptions.Section}:{option} to its path."]);
}
