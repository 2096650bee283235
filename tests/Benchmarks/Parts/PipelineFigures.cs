using System.Globalization;
using ForegSyte.Benchmarks.Bare;
using ForegSyte.Benchmarks.Jobs;
using ForegSyte.Benchmarks.Recording;
using ForegSyte.Measuring;

namespace ForegSyte.Benchmarks.Parts;

/// <summary>What was measured of one workload; every list has one value a round.</summary>
internal sealed class PipelineFigures(Workload workload, PipelineRecording recording)
{
    private const double FloorGoal = 0.95;
    private const string Unit = "frames/s";

    public Workload Workload { get; } = workload;

    public PipelineRecording Recording { get; } = recording;

    public List<JobRun> EndToEnd { get; } = [];

    /// <summary>Processor seconds of both services and their decoders over the job.</summary>
    public List<double> JobProcessor { get; } = [];

    /// <summary>Processor seconds of <see cref="Bare"/> and <see cref="Decode"/> together.</summary>
    public List<double> FloorProcessor { get; } = [];

    /// <summary>Seconds of all runs of models, one after the other on all cores.</summary>
    public List<double> Bare { get; } = [];

    /// <summary>Seconds of the same, as many at once as there are cores, on one core each.</summary>
    public List<double> BareTogether { get; } = [];

    /// <summary>Seconds that ffmpeg decodes.</summary>
    public List<double> Decode { get; } = [];

    /// <summary>Whether there was a whole round.</summary>
    public bool IsMeasured => BareTogether.Count > 0;

    public IEnumerable<Row> ToRows()
    {
        var rate = Rate(EndToEnd.Select(run => run.Seconds).Median());
        var floor = new Floor(Bare.Median(), BareTogether.Median(), Decode.Median());
        var rounds = Rounds.Note(EndToEnd.Count);
        yield return Row.AtLeast(
            $"{Workload}{rounds}", rate, Unit, "floor: models, then decode", Rate(floor.InSequence), FloorGoal);
        yield return Row.Compared(
            $"{Workload}", rate, Unit, "models and decode, each as if alone", Rate(floor.Overlapped));
        yield return Row.Compared(
            $"{Workload}", rate, Unit,
            "the lower floor where runs go side by side on a core each: models, then decode",
            Rate(floor.SideBySideInSequence));
        yield return Row.Compared(
            $"{Workload}: processor time of a frame", PerFrame(JobProcessor.Median()), "ms", "models and decode",
            PerFrame(FloorProcessor.Median()));
        yield return new Row(
            $"{Workload}: found", FormattableString.Invariant(
                $"{EndToEnd[0].Detections} objects, {EndToEnd[0].Lines} lines of text"));
        yield return new Row(
            $"{Workload}: a frame alone",
            string.Create(
                CultureInfo.InvariantCulture,
                $"models {PerFrame(floor.Models):F1} ms, ffmpeg {PerFrame(floor.Decode):F1} ms, "
                + $"{(double)Recording.Inputs.Count / Workload.Frames:F1} runs of models"));
        yield return new Row(
            $"{Workload}: allocated for a frame",
            FormattableString.Invariant($"{Recording.AllocatedBytes:N0} bytes of the garbage-collected heap"));
        yield return new Row($"{Workload}: shares of the time of a segment", string.Join(", ", Recording.Shares()));
    }

    /// <summary>The latest round.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"pipelines, {Workload}: {EndToEnd[^1].Seconds:F2} s; bare {Bare[^1]:F2} s, "
        + $"{BareTogether[^1]:F2} s side by side; decode {Decode[^1]:F2} s");

    private double Rate(double seconds) => Workload.Frames / seconds;

    private double PerFrame(double seconds) => 1000 * seconds / Workload.Frames;
}
