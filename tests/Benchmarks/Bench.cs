using ForegSyte.Measuring;

namespace ForegSyte.Benchmarks;

/// <summary>What all parts work with.</summary>
/// <param name="Folder">Where files may be made.</param>
/// <param name="Clips">The clips to measure with.</param>
/// <param name="LastRoundStart">Is cancelled when the part should begin no further round.</param>
internal sealed record Bench(WorkFolder Folder, IReadOnlyList<BenchmarkClip> Clips, CancellationToken LastRoundStart)
{
    /// <summary>Says what is being done. Standard output is for the table alone.</summary>
    public static Task SayAsync(string text) => Console.Error.WriteLineAsync(text);

    /// <summary>
    /// Calls a measurement of every item in turns, so that a change of the machine's load meets all of them. On a busy
    /// machine there may be fewer rounds, and one at least.
    /// </summary>
    public async Task InTurnsAsync<T>(IReadOnlyList<T> items, Func<T, Task> measure)
    {
        for (var round = 0; round < Rounds.Count && (round == 0 || !LastRoundStart.IsCancellationRequested); round++)
        {
            foreach (var item in items)
            {
                await measure(item);
            }
        }
    }
}
