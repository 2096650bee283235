using ForegSyte.Inference.Models;
using ForegSyte.Measuring;

namespace ForegSyte.Benchmarks.Processes;

/// <summary>Another way to have a detector look at the frames of a video.</summary>
internal interface IPeer
{
    /// <summary>For people.</summary>
    string Name { get; }

    /// <summary>Installs or looks for what it needs.</summary>
    /// <returns>Why it cannot run; null where it can.</returns>
    Task<string?> PrepareAsync(CancellationToken cancellationToken);

    /// <summary>Runs it in a new process, with as many threads as there are cores.</summary>
    /// <exception cref="InvalidOperationException">It failed, or looked at another number of frames.</exception>
    Task<PeerRun> RunAsync(
        ModelEntry model, Workload workload, WorkFolder folder, CancellationToken cancellationToken);
}
