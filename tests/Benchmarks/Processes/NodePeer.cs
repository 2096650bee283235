using CliWrap;
using ForegSyte.Inference.Models;
using ForegSyte.Measuring;
using ForegSyte.Testing;

namespace ForegSyte.Benchmarks.Processes;

/// <summary>onnxruntime-node in a plain loop.</summary>
/// <param name="name">For people.</param>
/// <param name="way">How the frames come: "pipe" or "jpeg".</param>
internal sealed class NodePeer(string name, string way) : IPeer
{
    /// <summary>Below out/, so that it is installed once and make clean removes it.</summary>
    private static readonly string Packages = Path.Combine(RepositoryFiles.Root, "out", "bench-peers");

    /// <inheritdoc />
    public string Name => name;

    /// <inheritdoc />
    public async Task<string?> PrepareAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Packages);
        File.Copy(
            Path.Combine(PeerProgram.Folder, "package.json"), Path.Combine(Packages, "package.json"), overwrite: true);

        // The libraries for the CPU are in the package; its install script would look for those of a GPU.
        var failure = await PeerProgram.TryAsync(
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
                    Path.Combine(PeerProgram.Folder, "onnxruntime_node.js"), way,
                    .. PeerProgram.Arguments(model, workload), pictures.FullName])
                .WithEnvironmentVariables(set => set.Set("NODE_PATH", Path.Combine(Packages, "node_modules")));
            return await PeerProgram.RunAsync(command, workload.Frames, cancellationToken);
        }
        finally
        {
            pictures.Delete(recursive: true);
        }
    }
}
