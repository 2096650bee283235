using ForegSyte.Benchmarks.Jobs;
using ForegSyte.Benchmarks.Processes;
using ForegSyte.Inference.Models;
using ForegSyte.Measuring;
using ForegSyte.Testing;

namespace ForegSyte.Benchmarks.Parts;

/// <summary>
/// The same detector on the same frames, the way one would do it without ForegSyte. A peer's clock starts when its
/// model is loaded and warm; a job's when the video is submitted.
/// </summary>
internal sealed class PeersPart : IBenchmarkPart
{
    private const double Goal = 1.3;
    private const string Unit = "frames/s";
    private const string ModelId = "nanodet_g_416";

    /// <inheritdoc />
    public string Name => "peers";

    /// <inheritdoc />
    public async Task RunAsync(Bench bench, List<Row> rows, CancellationToken cancellationToken)
    {
        var model = ModelCatalogueReader.Read(Path.Combine(RepositoryFiles.Data, "models", "models.json"))
            .Find(ModelId)!;
        var peers = new List<IPeer>();
        foreach (var peer in new IPeer[]
        {
            new NodePeer("onnxruntime-node, frames by a pipe of ffmpeg", "pipe"), new OpenCvPeer(),
            new NodePeer("naive: a JPEG for each frame, onnxruntime-node, one call each in sequence", "jpeg"),
        })
        {
            if (await peer.PrepareAsync(cancellationToken) is { } missing)
            {
                rows.Add(new Row(peer.Name, $"skipped: {missing}"));
            }
            else
            {
                peers.Add(peer);
            }
        }

        await using var services = new Installation();
        await services.StartAsync();
        await using var client = services.Client();
        var figures = bench.Clips
            .Select(clip => new PeerFigures(new Workload(clip, "detect_only", clip.PeerStride), peers)).ToList();
        foreach (var figure in figures)
        {
            await JobRuns.RunAsync(
                client, figure.Workload with { Stride = figure.Workload.Clip.Frames / 2 }, cancellationToken);
        }

        try
        {
            await bench.InTurnsAsync(figures, MeasureAsync);
        }
        finally
        {
            // Also where the time limit ends the part in the middle of a round.
            rows.AddRange(figures.Where(figure => figure.IsMeasured).SelectMany(ToRows));
        }

        async Task MeasureAsync(PeerFigures figure)
        {
            figure.Own.Add(await JobRuns.RunAsync(client, figure.Workload, cancellationToken));
            foreach (var (peer, runs) in figure.Others)
            {
                runs.Add(await peer.RunAsync(model, figure.Workload, bench.Folder, cancellationToken));
                await Bench.SayAsync(FormattableString.Invariant(
                    $"peers, {figure.Workload}: {figure.Own[^1].Seconds:F2} s; {peer.Name}: {runs[^1].Seconds:F2} s"));
            }
        }
    }

    private static IEnumerable<Row> ToRows(PeerFigures figures)
    {
        var rate = figures.Workload.Frames / figures.Own.Select(run => run.Seconds).Median();
        var rounds = Rounds.Note(figures.Own.Count);
        var rates = figures.Others.ToDictionary(
            pair => pair.Key, pair => figures.Workload.Frames / pair.Value.Select(run => run.Seconds).Median());
        var best = rates.Values.DefaultIfEmpty().Max();
        yield return new Row(
            $"{figures.Workload}: found by ForegSyte",
            FormattableString.Invariant($"{figures.Own[0].Detections} objects"));
        foreach (var (peer, other) in rates)
        {
            var run = figures.Others[peer][0];
            var found = FormattableString.Invariant($"{run.Detections} objects; {run.Versions}");
            var (what, baseline) = ($"{figures.Workload}{rounds}", $"{peer.Name} ({found})");
            yield return other == best
                ? Row.AtLeast(what, rate, Unit, $"best peer: {baseline}", other, Goal)
                : Row.Compared(what, rate, Unit, baseline, other);
        }
    }
}
