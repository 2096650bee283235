using ForegSyte.Benchmarks.Bare;
using ForegSyte.Benchmarks.Parts;
using ForegSyte.Hosting;
using ForegSyte.Measuring;
using Microsoft.ML.OnnxRuntime;

namespace ForegSyte.Benchmarks;

/// <summary>One run: the parts that were asked for, one after the other, and one table of all.</summary>
internal static class BenchmarkRun
{
    /// <summary>Time limit of a run.</summary>
    public static readonly TimeSpan DefaultTimeLimit = TimeSpan.FromMinutes(12);

    /// <summary>The parts, and the share of the time limit after which each begins no further round.</summary>
    private static readonly (IBenchmarkPart Part, double Until)[] Parts =
        [(new PipelinesPart(), 0.5), (new PeersPart(), 0.75), (new MemoryPart(), 1)];

    /// <summary>Names of all parts, in the order in which they run.</summary>
    public static IEnumerable<string> PartNames => Parts.Select(entry => entry.Part.Name);

    /// <summary>Runs and prints.</summary>
    /// <param name="parts">Names with commas between; empty for all.</param>
    /// <param name="clips">Names with commas between; empty for all.</param>
    /// <param name="timeLimit">When the run is ended.</param>
    /// <param name="cancellationToken">Ends the run; what was measured is printed.</param>
    /// <returns>The exit code: 0 if every part ran, reached goals or not.</returns>
    public static async Task<int> RunAsync(
        string parts, string clips, TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        var partNames = NameList.Choose(parts, [.. PartNames]);
        var clipNames = NameList.Choose(clips, BenchmarkClip.Names);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeLimit);
        var loadBefore = Machine.Load();
        var start = TimeProvider.System.GetTimestamp();
        using var folder = new WorkFolder("bench");
        var prepared = await BenchmarkClip.PrepareAsync(clipNames, folder);
        var (rows, failures) = (new List<Row>(), new List<string>());
        foreach (var (part, until) in Parts.Where(entry => partNames.Contains(entry.Part.Name)))
        {
            using var last = new CancellationTokenSource();
            var left = (timeLimit * until) - TimeProvider.System.GetElapsedTime(start);
            last.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
            await RunPartAsync(part, new Bench(folder, prepared, last.Token), rows, failures, limit.Token);
        }

        var machine = Machine.Here();
        Console.WriteLine($"- machine: {machine.Cores} cores, {machine.Processor}");
        var ffmpeg = await FfmpegDecode.VersionAsync(CancellationToken.None);
        Console.WriteLine($"- ForegSyte {ServiceVersion.Text}, .NET {Environment.Version}, ONNX Runtime "
            + $"{OrtEnv.Instance().GetVersionString()}, {ffmpeg}");
        Console.WriteLine($"- load (1, 5, 15 minutes) before: {loadBefore}; after: {Machine.Load()}");
        Console.WriteLine($"- medians of {Rounds.Count} rounds where no other number is given; the run took "
            + $"{TimeProvider.System.GetElapsedTime(start):hh\\:mm\\:ss}");
        failures.ForEach(Console.WriteLine);
        Console.WriteLine();
        Console.Write(ResultTable.Of(rows));
        return failures.Count == 0 ? 0 : 1;
    }

    /// <summary>A part that fails does not take the figures of the others with it.</summary>
    private static async Task RunPartAsync(
        IBenchmarkPart part, Bench bench, List<Row> rows, List<string> failures, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            await part.RunAsync(bench, rows, cancellationToken);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            // Whatever it says, this is why: a cancelled call of gRPC is an RpcException, for one.
            failures.Add($"- **{part.Name} was ended**: the time limit has passed, or Ctrl-C. MINUTES gives more.");
        }
        catch (Exception failure)
        {
            failures.Add($"- **{part.Name} failed**: {failure.Message}");
            await Bench.SayAsync(failure.ToString());
        }

        await Bench.SayAsync($"{part.Name} took {TimeProvider.System.GetElapsedTime(start):mm\\:ss}");
    }
}
