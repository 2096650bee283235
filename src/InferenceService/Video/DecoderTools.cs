using ForegSyte.Inference.Memory;
using ForegSyte.Inference.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Video;

/// <summary>
/// Finds ffmpeg and ffprobe when the service starts, and makes their command lines in the sandbox that
/// <see cref="DecoderStartupCheck"/> has chosen.
/// </summary>
internal sealed class DecoderTools
{
    private const UnixFileMode AnyExecute =
        UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Address space of a decoder's thread in MiB, nearly all of it without memory.</summary>
    private const int AddressMebibytesOfAThread = 96;

    private readonly VideoOptions _options;
    private readonly string _searchPath = Environment.GetEnvironmentVariable("PATH") ?? "";
    private readonly string _ffmpeg;
    private readonly string _ffprobe;

    /// <exception cref="OptionsValidationException">ffmpeg or ffprobe is not installed; stops the start.</exception>
    public DecoderTools(IOptions<VideoOptions> options)
    {
        _options = options.Value;
        _ffmpeg = Require(_options.FfmpegPath, nameof(VideoOptions.FfmpegPath));
        _ffprobe = Require(_options.FfprobePath, nameof(VideoOptions.FfprobePath));
        Sandbox = MakeSandbox(wrapper: null, isAddressSpaceLimited: true);
    }

    /// <summary>The sandbox of the programs.</summary>
    public DecoderSandbox Sandbox { get; private set; }

    /// <summary>Arguments of ffmpeg that select a hardware decoder; empty for the processor.</summary>
    public IReadOnlyList<string> HardwareArguments { get; private set; } = [];

    /// <summary>Whether this ffmpeg has the filters that map HDR to SDR.</summary>
    public bool CanToneMap { get; set; } = true;

    /// <summary>The command of ffmpeg in the sandbox.</summary>
    /// <param name="arguments">Arguments of ffmpeg.</param>
    /// <param name="video">The only file that it may read; null for none.</param>
    /// <param name="addressSpace">Its limit of address space in bytes if that is lower; null for none.</param>
    /// <param name="folder">A folder of ours that it may read too; null for none.</param>
    public ChildCommand Ffmpeg(
        IEnumerable<string> arguments, VideoFile? video = null, long? addressSpace = null, string? folder = null) =>
        Sandbox.Command(_ffmpeg, arguments, video, folder).Within(addressSpace);

    /// <summary>The command of ffprobe in the sandbox.</summary>
    /// <param name="arguments">Arguments of ffprobe.</param>
    /// <param name="video">The only file that it may read.</param>
    /// <param name="addressSpace">Its limit of address space in bytes if that is lower; null for none.</param>
    public ChildCommand Ffprobe(IEnumerable<string> arguments, VideoFile video, long? addressSpace = null) =>
        Sandbox.Command(_ffprobe, arguments, video).Within(addressSpace);

    /// <summary>
    /// The limit of address space of a process with this share of the budget, in bytes; null if the sandbox sets none.
    /// Each thread reserves stacks: of the decoder, the filters and the scaler.
    /// </summary>
    public long? AddressSpace(long bytes, int threads, MemoryOptions memory) => Sandbox.IsMemoryLimited
        ? bytes + ((memory.DecoderHeadroomMebibytes + ((long)threads * AddressMebibytesOfAThread)) << 20)
        : null;

    /// <summary>The memory of a service with this budget.</summary>
    public MemoryRoom Room(long budget) => new(
        budget,
        Sandbox.IsMemoryLimited ? (long)_options.ProcessMemoryMebibytes << 20 : long.MaxValue,
        HardwareArguments.Count > 0 ? SegmentMemory.HardwareBytes : 0);

    /// <summary>The path by which ffmpeg and ffprobe open a video in the sandbox.</summary>
    public string InputPath(VideoFile video) => Sandbox.InputPath(video);

    /// <summary>Sets the sandbox and the hardware decoder.</summary>
    /// <param name="wrapper">The program that removes network or files; null for none.</param>
    /// <param name="hardwareArguments">
    /// Arguments of ffmpeg that select a hardware decoder; empty for the processor.
    /// </param>
    public void Apply(SandboxWrapper? wrapper, IReadOnlyList<string> hardwareArguments)
    {
        // CUDA reserves address space for all memory of the machine and the GPU, and cannot start under a limit.
        Sandbox = MakeSandbox(wrapper, isAddressSpaceLimited: hardwareArguments.Count == 0);
        HardwareArguments = hardwareArguments;
    }

    /// <summary>
    /// The wrappers that may reach a level, the cheaper first; none if their program is not installed.
    /// </summary>
    /// <param name="level">The level.</param>
    /// <param name="program">Name of the program that the level needs.</param>
    public IReadOnlyList<SandboxWrapper> WrappersFor(SandboxLevel level, out string program)
    {
        program = level == SandboxLevel.Files ? "bwrap (bubblewrap)" : "unshare (util-linux)";
        return (level, Find("bwrap"), Find("unshare")) switch
        {
            (SandboxLevel.Files, { } bwrap, _) => [SandboxWrapper.Files(bwrap, [_ffmpeg, _ffprobe])],
            (SandboxLevel.Network, _, { } unshare) => [.. SandboxWrapper.Network(unshare)],
            _ => [],
        };
    }

    /// <summary>Finds a program on the PATH with which the service started; null if it is not installed.</summary>
    public string? Find(string program) => Find(program, _searchPath);

    /// <summary>Finds a program on a search path; a name with a slash is a path.</summary>
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

    private DecoderSandbox MakeSandbox(SandboxWrapper? wrapper, bool isAddressSpaceLimited) =>
        DecoderSandbox.Make(_options, Find, wrapper, isAddressSpaceLimited);

    private string Require(string program, string option) =>
        Find(program) ?? throw new OptionsValidationException(
            VideoOptions.Section,
            typeof(VideoOptions),
            [$"{program} was not found. Install ffmpeg, for example with apt-get install ffmpeg, or set "
                + $"{VideoOptions.Section}:{option} to its path."]);
}
