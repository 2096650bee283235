using CliWrap;

namespace ForegSyte.Video.Tests;

/// <summary>Runs ffprobe without a sandbox.</summary>
internal sealed class PlainFfprobe : IFfprobe
{
    /// <summary>Limits that no clip of the tests exceeds.</summary>
    public static readonly VideoLimits Limits = new(5_000_000, 16384, 8192 * 8192);

    /// <summary>The arguments of each run.</summary>
    public List<IReadOnlyList<string>> Runs { get; } = [];

    /// <summary>Reads the index of a video.</summary>
    public static async Task<VideoIndex> IndexAsync(string path, PlainFfprobe? ffprobe = null, bool canToneMap = true)
    {
        var reader = new VideoIndexReader(
            ffprobe ?? new PlainFfprobe(), Limits, canToneMap,
            (what, failure) => Assert.Fail($"{what}: {failure.Message}"));
        await using var file = File.OpenRead(path);
        return await reader.ReadAsync(file, path, TestContext.Current.CancellationToken);
    }

    public async Task<Exception?> RunAsync(
        IReadOnlyList<string> arguments,
        string path,
        Func<ReadOnlyMemory<char>, bool> onLine,
        CancellationToken cancellationToken)
    {
        Runs.Add(arguments);
        var output = new StringWriter();
        var ended = await Cli.Wrap("ffprobe")
            .WithArguments(arguments)
            .WithStandardOutputPipe(PipeTarget.ToDelegate(output.WriteLine))
            .WithValidation(CommandResultValidation.None)
            .ExecuteAsync(cancellationToken);
        await BoundedLines.ReadAsync(new StringReader(output.ToString()), onLine);
        return ended.ExitCode == 0 ? null : new IOException($"Exit code {ended.ExitCode}.");
    }
}
