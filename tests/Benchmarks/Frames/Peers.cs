using System.Globalization;
using System.Text.Json;
using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Inference.Models;
using ForegSyte.Testing;

namespace ForegSyte.Benchmarks.Frames;

/// <summary>Another way to run a detector over the frames of a video.</summary>
internal interface IPeer
{
    /// <summary>Name for display.</summary>
    string Name { get; }

    /// <summary>Installs or finds its packages; returns why it cannot run, or null.</summary>
    Task<string?> PrepareAsync(CancellationToken cancellationToken);

    /// <summary>Runs it in a new process, with as many threads as there are cores.</summary>
    /// <exception cref="InvalidOperationException">It failed, or analyzed another number of frames.</exception>
    Task<PeerRun> RunAsync(
        ModelEntry model, Workload workload, WorkFolder folder, CancellationToken cancellationToken);
}

/// <summary>The result that a peer prints as JSON.</summary>
/// <param name="Seconds">Time for all frames, without start-up, loading the model and one warm-up run.</param>
/// <param name="Frames">Number of analyzed frames.</param>
/// <param name="Detections">Detected objects, summed over the frames.</param>
/// <param name="Versions">Versions of its packages.</param>
internal sealed record PeerRun(double Seconds, int Frames, int Detections, string Versions);

/// <summary>onnxruntime-node in a plain loop.</summary>
/// <param name="name">Name for display.</param>
/// <param name="source">Source of the frames: "pipe" or "jpeg".</param>
/// <param name="file">The file of the model; null for the one that the run names.</param>
internal sealed class NodePeer(string name, string source, ModelEntry? file = null) : IPeer
{
    /// <summary>Below out/, so that one installation serves many runs and make clean removes it.</summary>
    private static readonly string Packages = Path.Combine(RepositoryFiles.Root, "out", "bench-peers");

    /// <inheritdoc />
    public string Name => name;

    /// <inheritdoc />
    public async Task<string?> PrepareAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Packages);
        File.Copy(
            Path.Combine(PeerScripts.Folder, "package.json"), Path.Combine(Packages, "package.json"), overwrite: true);

        // The package contains the CPU libraries; its install script would download those for a GPU.
        var failure = await PeerScripts.TryAsync(
            Cli.Wrap("npm")
                .WithArguments(["install", "--package-lock=false", "--no-audit", "--no-fund", "--loglevel=error"])
                .WithWorkingDirectory(Packages)
                .WithEnvironmentVariables(set => set.Set("ONNXRUNTIME_NODE_INSTALL", "skip")),
            cancellationToken);
        return failure is null ? null : $"npm cannot install its packages: {failure}";
    }

    /// <inheritdoc />
    public async Task<PeerRun> RunAsync(
        ModelEntry model, Workload workload, WorkFolder folder, CancellationToken cancellationToken)
    {
        var pictures = Directory.CreateDirectory(folder.File("pictures"));
        try
        {
            var command = Cli.Wrap("node")
                .WithArguments([
                    Path.Combine(PeerScripts.Folder, "onnxruntime_node.js"), source,
                    .. PeerScripts.Arguments(file ?? model, workload), pictures.FullName])
                .WithEnvironmentVariables(set => set.Set("NODE_PATH", Path.Combine(Packages, "node_modules")));
            return await PeerScripts.RunAsync(command, workload.Frames, cancellationToken);
        }
        finally
        {
            pictures.Delete(recursive: true);
        }
    }
}

/// <summary>OpenCV's DNN module in a plain Python loop, with Debian's packages.</summary>
internal sealed class OpenCvPeer : IPeer
{
    /// <summary>The system's interpreter: the first python3 on PATH may not see Debian's packages.</summary>
    private const string Python = "/usr/bin/python3";

    /// <inheritdoc />
    public string Name => "OpenCV DNN, Python, with Split operators rewritten as Slice";

    /// <inheritdoc />
    public async Task<string?> PrepareAsync(CancellationToken cancellationToken)
    {
        var failure = await PeerScripts.TryAsync(
            Cli.Wrap(Python).WithArguments(["-c", "import cv2, onnx"]), cancellationToken);
        return failure is null ? null : $"Debian's python3-opencv and python3-onnx are missing: {failure}";
    }

    /// <inheritdoc />
    public Task<PeerRun> RunAsync(
        ModelEntry model, Workload workload, WorkFolder folder, CancellationToken cancellationToken) =>
        PeerScripts.RunAsync(
            Cli.Wrap(Python).WithArguments(
                [Path.Combine(PeerScripts.Folder, "opencv_dnn.py"), .. PeerScripts.Arguments(model, workload)]),
            workload.Frames, cancellationToken);
}

/// <summary>Runs the scripts in the folder peers, which take the same arguments and print one line of JSON.</summary>
internal static class PeerScripts
{
    public static string Folder { get; } = Path.Combine(RepositoryFiles.Root, "tests", "Benchmarks", "peers");

    /// <summary>Model, video, stride, threads, confidence and overlap.</summary>
    public static IEnumerable<string> Arguments(ModelEntry model, Workload workload) =>
    [
        model.FilePath, workload.Clip.Path, Text(workload.Stride), Text(Environment.ProcessorCount),
        Text(model.Thresholds[Thresholds.Confidence]), Text(model.Thresholds[Thresholds.Overlap]),
    ];

    /// <summary>Runs a script.</summary>
    /// <exception cref="InvalidOperationException">It failed, or analyzed another number of frames.</exception>
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
                $"{command} analyzed {run.Frames} frames instead of {frames}."));
    }

    /// <summary>Runs a command; returns the last line of its error output if it failed, otherwise null.</summary>
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
