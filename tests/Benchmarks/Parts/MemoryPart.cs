using ForegSyte.Benchmarks.Jobs;
using ForegSyte.Measuring;
using ForegSyte.Testing;

namespace ForegSyte.Benchmarks.Parts;

/// <summary>
/// The most memory that each service ever held (VmHWM) over one job of a clip, and of the same packets ten times in a
/// row; new processes for each.
/// </summary>
internal sealed class MemoryPart : IBenchmarkPart
{
    private const int Times = 10;
    private const double Goal = 1.1;

    /// <inheritdoc />
    public string Name => "memory";

    /// <inheritdoc />
    public async Task RunAsync(Bench bench, List<Row> rows, CancellationToken cancellationToken)
    {
        foreach (var clip in bench.Clips)
        {
            var longer = clip with
            {
                Path = await clip.RepeatAsync(bench.Folder.File("repeated.mp4"), Times),
                Frames = clip.Frames * Times,
            };
            var once = new Workload(clip, "detect_only", clip.MemoryStride);
            var (inference, jobs) = await PeaksAsync(once, cancellationToken);
            var (longInference, longJobs) = await PeaksAsync(once with { Clip = longer }, cancellationToken);
            rows.Add(Peak("InferenceService", once, inference, longInference));
            rows.Add(Peak("JobService", once, jobs, longJobs));
        }
    }

    private static Row Peak(string service, Workload workload, double once, double longer) => Row.AtMost(
        FormattableString.Invariant($"peak memory of the {service}, {Times}x {workload}, 1 round"), longer, "MB", "1x",
        once, Goal);

    private static async Task<(double Inference, double Jobs)> PeaksAsync(
        Workload workload, CancellationToken cancellationToken)
    {
        await using var services = new Installation();
        await services.StartAsync();
        await using var client = services.Client();
        await JobRuns.RunAsync(client, workload, cancellationToken);
        var inference = ProcessMemory.Of(services.InferenceService.Id).PeakMegabytes;
        var jobs = ProcessMemory.Of(services.JobService.Id).PeakMegabytes;
        await Bench.SayAsync(FormattableString.Invariant(
            $"memory, {workload}: InferenceService {inference:F0} MB, JobService {jobs:F0} MB"));
        return (inference, jobs);
    }
}
