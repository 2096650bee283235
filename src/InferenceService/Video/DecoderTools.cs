using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Video;

/// <summary>The programs that read videos, found once when the service starts.</summary>
internal sealed class DecoderTools
{
    private const UnixFileMode AnyExecute =
        UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly string _ffmpeg;
    private readonly string _ffprobe;
    private readonly Confinement _confinement;

    /// <exception cref="OptionsValidationException">ffmpeg or ffprobe is not installed; refuses the start.</exception>
    public DecoderTools(IOptions<VideoOptions> options, ILogger<DecoderTools> logger)
    {
        var searchPath = Environment.GetEnvironmentVariable("PATH") ?? "";
        _ffmpeg = Require(options.Value.FfmpegPath, nameof(VideoOptions.FfmpegPath), searchPath);
        _ffprobe = Require(options.Value.FfprobePath, nameof(VideoOptions.FfprobePath), searchPath);
        _confinement = Confinement.Make(options.Value, program => Find(program, searchPath));
        foreach (var missing in _confinement.Missing)
        {
            logger.LogWarning("Confinement of decoders is not complete: {Missing}", missing);
        }
    }

    /// <summary>What is not limited because a program is missing.</summary>
    public IReadOnlyList<string> MissingConfinement => _confinement.Missing;

    /// <summary>The whole command line of ffmpeg with these arguments.</summary>
    public IReadOnlyList<string> Ffmpeg(IEnumerable<string> arguments) =>
        [.. _confinement.Prefix, _ffmpeg, .. arguments];

    /// <summary>The whole command line of ffprobe with these arguments.</summary>
    public IReadOnlyList<string> Ffprobe(IEnumerable<string> arguments) =>
        [.. _confinement.Prefix, _ffprobe, .. arguments];

    /// <summary>Version of ffmpeg, for example "5.1.9-0+deb12u1".</summary>
    /// <exception cref="InvalidOperationException">The program does not run, or it is no ffmpeg.</exception>
    public async Task<string> ReadVersionAsync(CancellationToken cancellationToken)
    {
        var tail = new LogTail();
        await using var process = ChildProcess.Start(Ffmpeg(["-version"]), line =>
        {
            tail.Add(line);
            return true;
        });
        await using var kill = cancellationToken.Register(process.Kill);
        string? first = null;
        await BoundedLines.ReadAsync(new StreamReader(process.Output), line =>
        {
            first ??= line.ToString();
            return true;
        });
        cancellationToken.ThrowIfCancellationRequested();
        var exitCode = await process.WaitForExitAsync();
        return first?.Split(' ') is ["ffmpeg", "version", var version, ..] && exitCode == 0
            ? version
            : throw new InvalidOperationException($"{_ffmpeg} does not run (exit code {exitCode}): {tail}");
    }

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

    private static string Require(string program, string option, string searchPath) =>
        Find(program, searchPath) ?? throw new OptionsValidationException(
            VideoOptions.Section,
            typeof(VideoOptions),
            [$"{program} was not found: install ffmpeg, for example apt-get install ffmpeg, or set "
                + $"{VideoOptions.Section}:{option} to its path."]);
}
