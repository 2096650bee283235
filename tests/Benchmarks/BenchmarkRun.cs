using ForegSyte.Hosting;

namespace ForegSyte.Benchmarks;

/// <summary>One benchmark of a run.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="MeasureAsync">Measures, adds rows to the run as they are complete, and stops its processes.</param>
/// <param name="Until">Fraction of the time limit after which it starts no further round.</param>
internal sealed record Benchmark(string Name, Func<BenchmarkRun, Task> MeasureAsync, double Until = 1);

/// <summary>One run: the chosen benchmarks one after the other, then one table.</summary>
internal sealed class BenchmarkRun : IDisposable
{
    private BenchmarkRun(string name) => Folder = new WorkFolder(name);

    /// <summary>Rounds of every measurement, unless the row says otherwise.</summary>
    public const int Rounds = 3;

    /// <summary>Folder for files, on a real disk.</summary>
    public WorkFolder Folder { get; }

    /// <summary>Results so far.</summary>
    public List<Row> Rows { get; } = [];

    /// <summary>Lines about versions and inputs, printed above the table.</summary>
    public List<string> Facts { get; } = [];

    /// <summary>Cancelled at the time limit and on Ctrl-C.</summary>
    public CancellationToken Cancellation { get; private set; }

    private CancellationToken LastRoundStart { get; set; }

    /// <summary>Runs the benchmarks and prints the table.</summary>
    /// <param name="name">Name of the work folder below out/.</param>
    /// <param name="timeLimit">Time limit of the run.</param>
    /// <param name="prepareAsync">Makes the inputs and returns the benchmarks.</param>
    /// <param name="cancellationToken">Ends the run; finished measurements are printed.</param>
    /// <param name="hasRounds">Whether the figures are medians of rounds.</param>
    /// <returns>Exit code: 0 if every benchmark ran, whether or not its goals were met.</returns>
    public static async Task<int> RunAsync(
        string name,
        TimeSpan timeLimit,
        Func<BenchmarkRun, Task<IEnumerable<Benchmark>>> prepareAsync,
        CancellationToken cancellationToken,
        bool hasRounds = true)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeLimit);
        using var run = new BenchmarkRun(name) { Cancellation = limit.Token };
        var loadBefore = Machine.Load();
        var start = TimeProvider.System.GetTimestamp();
        var failures = new List<string>();
        foreach (var benchmark in await prepareAsync(run))
        {
            using var last = new CancellationTokenSource();
            var left = (timeLimit * benchmark.Until) - TimeProvider.System.GetElapsedTime(start);
            last.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
            run.LastRoundStart = last.Token;
            await run.MeasureAsync(benchmark, failures);
        }

        Console.WriteLine($"- machine: {Machine.Processor}; disk {run.Folder.FileSystem}");
        Console.WriteLine($"- ForegSyte {ServiceVersion.Text}, .NET {Environment.Version}");
        run.Facts.ForEach(fact => Console.WriteLine($"- {fact}"));
        Console.WriteLine($"- load (1, 5, 15 minutes) before: {loadBefore}; after: {Machine.Load()}");
        var rounds = hasRounds ? $"medians of {Rounds} rounds unless a row says otherwise" : "one round";
        Console.WriteLine($"- {rounds}; the run took {TimeProvider.System.GetElapsedTime(start):hh\\:mm\\:ss}");
        failures.ForEach(Console.WriteLine);
        Console.WriteLine();
        Console.Write(ResultTable.Of(run.Rows));
        return failures.Count == 0 ? 0 : 1;
    }

    /// <summary>Reports progress on standard error; standard output holds only the table.</summary>
    public static Task LogAsync(string text) => Console.Error.WriteLineAsync(text);

    /// <summary>
    /// Measures every item in turn, round by round, so that a change of the machine's load affects all of them. At
    /// least one round runs; later ones only while time is left.
    /// </summary>
    public async Task InTurnsAsync<T>(IReadOnlyList<T> items, Func<T, Task> measure)
    {
        for (var round = 0; round < Rounds && (round == 0 || !LastRoundStart.IsCancellationRequested); round++)
        {
            foreach (var item in items)
            {
                await measure(item);
            }
        }
    }

    /// <inheritdoc />
    public void Dispose() => Folder.Dispose();

    /// <summary>Runs one benchmark; its failure leaves the rows of the others.</summary>
    private async Task MeasureAsync(Benchmark benchmark, List<string> failures)
    {
        var start = TimeProvider.System.GetTimestamp();
        try
        {
            Cancellation.ThrowIfCancellationRequested();
            await benchmark.MeasureAsync(this);
        }
        catch (Exception) when (Cancellation.IsCancellationRequested)
        {
            // A cancelled gRPC call, for one, throws RpcException instead of OperationCanceledException.
            failures.Add($"- **{benchmark.Name} did not finish**: the time limit passed, or Ctrl-C was pressed.");
        }
        catch (Exception failure)
        {
            failures.Add($"- **{benchmark.Name} failed**: {failure.Message}");
            await LogAsync(failure.ToString());
        }

        await LogAsync($"{benchmark.Name} took {TimeProvider.System.GetElapsedTime(start):mm\\:ss}");
    }
}

/// <summary>Facts about the machine.</summary>
internal static class Machine
{
    /// <summary>Number and name of the processors.</summary>
    public static string Processor { get; } = $"{Environment.ProcessorCount} cores, " + (File.ReadLines("/proc/cpuinfo")
        .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(": ")[^1]
        ?? "unknown processor");

    /// <summary>Load averages over 1, 5 and 15 minutes: other work on the machine distorts timings.</summary>
    public static string Load() => string.Join(", ", File.ReadAllText("/proc/loadavg").Split(' ').Take(3));
}

/// <summary>Comma-separated names on a command line.</summary>
internal static class NameList
{
    /// <summary>Splits a list.</summary>
    public static string[] Split(string list) =>
        list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>The chosen names, in the order of the known ones; all of them for an empty list.</summary>
    /// <exception cref="ArgumentException">A name is unknown.</exception>
    public static IReadOnlyList<string> Choose(string list, IReadOnlyList<string> known)
    {
        var chosen = Split(list);
        var unknown = chosen.Except(known).ToList();
        return unknown.Count > 0
            ? throw new ArgumentException($"Unknown name {unknown[0]}; valid names are {string.Join(", ", known)}.")
            : [.. known.Where(name => chosen.Length == 0 || chosen.Contains(name))];
    }
}
