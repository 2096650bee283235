using System.Globalization;
using ForegSyte.JobBenchmarks.Parts;
using ForegSyte.JobBenchmarks.Processes;
using ForegSyte.Measuring;
using ForegSyte.Testing;

namespace ForegSyte.JobBenchmarks;

/// <summary>One run: the parts that were asked for, one after the other, and one table of all.</summary>
internal static class BenchmarkRun
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(12);

    private static readonly int[] DefaultSizes = [1_000, 100_000, 1_000_000];

    private static readonly IBenchmarkPart[] Parts =
    [
        new SubmitPart(), new GetPart(), new SizesPart(), new RecoveryPart(), new HangfirePart(), new ArtifactsPart(),
        new WaitersPart(), new TelemetryPart(),
    ];

    /// <summary>Names of all parts, in the order in which they run.</summary>
    public static IEnumerable<string> PartNames => Parts.Select(part => part.Name);

    /// <summary>Runs and prints.</summary>
    /// <param name="parts">Names with commas between; empty for all.</param>
    /// <param name="sizes">Numbers with commas between; empty for the usual ones.</param>
    /// <param name="cancellationToken">Ends the run; what was measured is printed.</param>
    /// <returns>The exit code: 0 if every part ran, reached goals or not.</returns>
    public static async Task<int> RunAsync(string parts, string sizes, CancellationToken cancellationToken)
    {
        var names = NameList.Choose(parts, [.. PartNames]);
        var chosen = Parts.Where(part => names.Contains(part.Name));
        var jobCounts = SizesOf(sizes);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeLimit);
        var loadBefore = Machine.Load();
        var start = TimeProvider.System.GetTimestamp();
        using var folder = new WorkFolder("bench-jobs");
        var clip = await Clips.MakeAsync(
            folder.File("clip.mp4"), "-f", "lavfi", "-i", "color=c=gray:s=16x16:r=1", "-frames:v", "1",
            "-c:v", "libx264", "-pix_fmt", "yuv420p");
        await using var echo = await BareServerProcess.StartAsync(limit.Token, "echo");
        var (rows, failures) = await MeasureAsync(
            chosen, load => new Bench(folder, load, echo, clip, jobCounts), limit.Token);

        var machine = Machine.Here();
        Console.WriteLine($"- machine: {machine.Cores} cores, {machine.Processor}; disk {folder.FileSystem}");
        Console.WriteLine($"- .NET {Environment.Version}; video of {new FileInfo(clip).Length} bytes");
        Console.WriteLine($"- load (1, 5, 15 minutes) before: {loadBefore}; after: {Machine.Load()}");
        Console.WriteLine(
            $"- medians of {Rounds.Count} rounds; the run took {TimeProvider.System.GetElapsedTime(start):mm\\:ss}");
        failures.ForEach(Console.WriteLine);
        Console.WriteLine();
        Console.Write(ResultTable.Of(rows));
        return failures.Count == 0 ? 0 : 1;
    }

    /// <summary>A part that fails does not take the figures of the others with it.</summary>
    private static async Task<(List<Row> Rows, List<string> Failures)> MeasureAsync(
        IEnumerable<IBenchmarkPart> parts, Func<LoadProcess, Bench> bench, CancellationToken cancellationToken)
    {
        var (rows, failures) = (new List<Row>(), new List<string>());
        foreach (var part in parts)
        {
            var start = TimeProvider.System.GetTimestamp();
            try
            {
                await using var load = new LoadProcess();
                rows.AddRange(await part.RunAsync(bench(load), cancellationToken));
            }
            catch (Exception) when (cancellationToken.IsCancellationRequested)
            {
                // Whatever it says, this is why: a cancelled call of gRPC is an RpcException, for one.
                failures.Add($"- **{part.Name} was ended**: the time limit of {TimeLimit} has passed, or Ctrl-C.");
                break;
            }
            catch (Exception failure)
            {
                failures.Add($"- **{part.Name} failed**: {failure.Message}");
                await Bench.SayAsync(failure.ToString());
            }

            await Bench.SayAsync($"{part.Name} took {TimeProvider.System.GetElapsedTime(start):mm\\:ss}");
        }

        return (rows, failures);
    }

    private static int[] SizesOf(string sizes) => sizes.Length == 0
        ? DefaultSizes
        : [.. NameList.Split(sizes)
            .Select(size => int.Parse(size, NumberStyles.None, CultureInfo.InvariantCulture)).Order()];
}
