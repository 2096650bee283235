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
        Confinement = Confine([], isAddressSpaceLimited: true);
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
    public IReadOnlyList<string> Ffmpeg(IEnumerable<string> arguments) =>
        [.. Confinement.Prefix, _ffmpeg, .. arguments];

    /// <summary>The whole command line of ffprobe with these arguments.</summary>
    public IReadOnlyList<string> Ffprobe(IEnumerable<string> arguments) =>
        [.. Confinement.Prefix, _ffprobe, .. arguments];

    /// <summary>Takes what the checks of the start found.</summary>
    /// <param name="networkPrefix">Command that takes the network away; empty for none.</param>
    /// <param name="hardwareArguments">Arguments of ffmpeg that choose what decodes; empty for the processor.</param>
    public void Apply(IReadOnlyList<string> networkPrefix, IReadOnlyList<string> hardwareArguments)
    {
        // CUDA reserves address space for all the memory of machine and GPU: under a limit of it nothing starts.
        Confinement = Confine(networkPrefix, isAddressSpaceLimited: hardwareArguments.Count == 0);
        HardwareArguments = hardwareArguments;
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

    private Confinement Confine(IReadOnlyList<string> networkPrefix, bool isAddressSpaceLimited) =>
        Confinement.Make(_options, Find, networkPrefix, isAddressSpaceLimited);

    private string Require(string program, string option) =>
        Find(program) ?? throw new OptionsValidationException(
            VideoOptions.Section,
            typeof(VideoOptions),
            [$"{program} was not found: install ffmpeg, for example apt-get install ffmpeg, or set "
                + $"{VideoOptions.Section}:{option} to its path."]);
}
