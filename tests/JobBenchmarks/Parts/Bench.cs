using ForegSyte.JobBenchmarks.Processes;
using ForegSyte.Measuring;

namespace ForegSyte.JobBenchmarks.Parts;

/// <summary>What all parts work with.</summary>
/// <param name="Folder">Where files may be made, on a real disk.</param>
/// <param name="Load">The load generator.</param>
/// <param name="Echo">The bare server.</param>
/// <param name="VideoPath">A valid MP4 of one small frame.</param>
/// <param name="Sizes">Numbers of finished jobs to compare, ascending.</param>
internal sealed record Bench(
    WorkFolder Folder, LoadProcess Load, BareServerProcess Echo, string VideoPath, IReadOnlyList<int> Sizes)
{
    /// <summary>Says what is being done. Standard output is for the table alone.</summary>
    public static Task SayAsync(string text) => Console.Error.WriteLineAsync(text);
}
