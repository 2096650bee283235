using ForegSyte.Inference.Models;
using ForegSyte.Testing;

namespace ForegSyte.Benchmarks.Frames;

/// <summary>
/// The same detector on the same frames without ForegSyte, in floats, as it is published. One more row has ForegSyte's
/// file in 8 bits; it is not counted as a peer. A peer's clock starts when its model is loaded and warm; a job's clock
/// starts at the submission.
/// </summary>
internal static class PeerBenchmark
{
    private const double Goal = 1.3;
    private const string Unit = "frames/s";
    private const string ModelId = "nanodet_g_416";

    public static async Task MeasureAsync(BenchmarkRun run, IReadOnlyList<BenchmarkClip> clips)
    {
        var catalogue = ModelCatalogueReader.Read(Path.Combine(RepositoryFiles.Data, "models", "models.json"));
        var model = catalogue.Find(ModelId)!;
        var sameFile = new NodePeer(
            "onnxruntime-node with ForegSyte's file in 8 bits, frames from a pipe of ffmpeg", "pipe",
            catalogue.Find("nanodet_g_416_int8"));
        var peers = new List<IPeer>();
        foreach (var peer in new IPeer[]
        {
            new NodePeer("onnxruntime-node, frames from a pipe of ffmpeg", "pipe"), new OpenCvPeer(),
            new NodePeer("naive: one JPEG per frame, onnxruntime-node, one call each in sequence", "jpeg"),
            sameFile,
        })
        {
            if (await peer.PrepareAsync(run.Cancellation) is { } missing)
            {
                run.Rows.Add(new Row(peer.Name, $"skipped: {missing}"));
            }
            else
            {
                peers.Add(peer);
            }
        }

        await using var services = new Installation();
        await services.StartAsync();
        await using var client = services.Client();
        var all = clips
            .Select(clip => new Figures(new Workload(clip, "detect_only", clip.PeerStride), peers, sameFile))
            .ToList();
        foreach (var figures in all)
        {
            await JobRun.WarmUpAsync(client, figures.Workload, run.Cancellation);
        }

        try
        {
            await run.InTurnsAsync(all, MeasureRoundAsync);
        }
        finally
        {
            // The time limit can end the benchmark in the middle of a round.
            run.Rows.AddRange(all.Where(figures => figures.IsMeasured).SelectMany(figures => figures.ToRows()));
        }

        async Task MeasureRoundAsync(Figures figures)
        {
            figures.Own.Add(await JobRun.RunAsync(client, figures.Workload, run.Cancellation));
            foreach (var (peer, runs) in figures.Others)
            {
                runs.Add(await peer.RunAsync(model, figures.Workload, run.Folder, run.Cancellation));
                await BenchmarkRun.LogAsync(FormattableString.Invariant(
                    $"peers, {figures.Workload}: {figures.Own[^1].Seconds:F2} s, {peer.Name} {runs[^1].Seconds:F2} s"));
            }
        }
    }

    /// <summary>Measurements of one workload; each list has one value per round.</summary>
    private sealed class Figures(Workload workload, IEnumerable<IPeer> peers, IPeer sameFile)
    {
        public Workload Workload { get; } = workload;

        public List<JobRun> Own { get; } = [];

        public IReadOnlyDictionary<IPeer, List<PeerRun>> Others { get; } =
            peers.ToDictionary(peer => peer, _ => new List<PeerRun>());

        /// <summary>Whether at least one round is complete.</summary>
        public bool IsMeasured => Own.Count > 0 && Others.Values.All(runs => runs.Count > 0);

        public IEnumerable<Row> ToRows()
        {
            var rate = Workload.Frames / Own.Select(run => run.Seconds).Median();
            var rates = Others.ToDictionary(
                pair => pair.Key, pair => Workload.Frames / pair.Value.Select(run => run.Seconds).Median());
            var best = rates.Where(pair => pair.Key != sameFile).Select(pair => pair.Value).DefaultIfEmpty().Max();
            yield return new Row(
                $"{Workload}: found by ForegSyte", FormattableString.Invariant($"{Own[0].Detections} objects"));
            foreach (var (peer, other) in rates)
            {
                var run = Others[peer][0];
                var found = FormattableString.Invariant($"{run.Detections} objects; {run.Versions}");
                var what = $"{Workload}{FrameBenchmarks.RoundsNote(Own.Count)}";
                var baseline = $"{peer.Name} ({found})";
                yield return other == best
                    ? Row.AtLeast(what, rate, Unit, $"best peer: {baseline}", other, Goal)
                    : Row.Compared(what, rate, Unit, baseline, other);
            }
        }
    }
}
