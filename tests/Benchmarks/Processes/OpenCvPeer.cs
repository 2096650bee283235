using CliWrap;
using ForegSyte.Inference.Models;
using ForegSyte.Measuring;

namespace ForegSyte.Benchmarks.Processes;

/// <summary>OpenCV's DNN module in a plain Python loop, with the packages of Debian.</summary>
internal sealed class OpenCvPeer : IPeer
{
    /// <summary>Not the first python3 on PATH: only the system's own one sees Debian's packages.</summary>
    private const string Python = "/usr/bin/python3";

    /// <inheritdoc />
    public string Name => "OpenCV DNN, Python, its Splits written as Slices";

    /// <inheritdoc />
    public async Task<string?> PrepareAsync(CancellationToken cancellationToken)
    {
        var failure = await PeerProgram.TryAsync(
            Cli.Wrap(Python).WithArguments(["-c", "import cv2, onnx"]), cancellationToken);
        return failure is null ? null : $"Debian's python3-opencv and python3-onnx are missing: {failure}";
    }

    /// <inheritdoc />
    public Task<PeerRun> RunAsync(
        ModelEntry model, Workload workload, WorkFolder folder, CancellationToken cancellationToken) =>
        PeerProgram.RunAsync(
            Cli.Wrap(Python).WithArguments(
                [Path.Combine(PeerProgram.Folder, "opencv_dnn.py"), .. PeerProgram.Arguments(model, workload)]),
            workload.Frames, cancellationToken);
}
