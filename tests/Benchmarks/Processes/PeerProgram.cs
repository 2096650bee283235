using System.Globalization;
using System.Text.Json;
using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Inference.Models;
using ForegSyte.Testing;

namespace ForegSyte.Benchmarks.Processes;

/// <summary>Runs the scripts of the folder peers: all take the same arguments and print one line of JSON.</summary>
internal static class PeerProgram
{
    /// <summary>Where the scripts lie.</summary>
    public static string Folder { get; } =
        Path.Combine(RepositoryFiles.Root, "tests", "Benchmarks", "peers");

    /// <summary>Model, video, stride, threads, confidence and overlap, as the scripts take them.</summary>
    public static IEnumerable<string> Arguments(ModelEntry model, Workload workload) =>
    [
        model.FilePath, workload.Clip.Path, Text(workload.Stride), Text(Environment.ProcessorCount),
        Text(model.Thresholds[Thresholds.Confidence]), Text(model.Thresholds[Thresholds.Overlap]),
    ];

    /// <summary>Runs a script.</summary>
    /// <exception cref="InvalidOperationException">It failed, or looked at another number of frames.</exception>
    public static async Task<PeerRun> RunAsync(Command command, int frames, CancellationToken cancellationToken)
    {
        var result = await command.WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(cancellationToken);
        if (!result.IsSuccess)
        {
            throw new InvalidOperationException($"{command} failed: {result.StandardError}");
        }

        var run = JsonSerializer.Deserialize<PeerRun>(result.StandardOutput, JsonSerializerOptions.Web)!;
        return run.Frames == frames
            ? run
            : throw new InvalidOperationException(FormattableString.Invariant(
                $"{command} looked at {run.Frames} frames; there are {frames}."));
    }

    /// <summary>Tries a command.</summary>
    /// <returns>Null where it succeeds, otherwise the last line that it printed to its error output.</returns>
    public static async Task<string?> TryAsync(Command command, CancellationToken cancellationToken)
    {
        try
        {
            var result = await command.WithValidation(CommandResultValidation.None)
                .ExecuteBufferedAsync(cancellationToken);
            return result.IsSuccess
                ? null
                : result.StandardError.Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault()
                    ?? FormattableString.Invariant($"exit code {result.ExitCode}");
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            return missing.Message;
        }
    }

    private static string Text(IFormattable number) => number.ToString(null, CultureInfo.InvariantCulture);
}
