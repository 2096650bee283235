using ForegSyte.Benchmarks.Processes;
using ForegSyte.Testing;

namespace ForegSyte.Benchmarks.Frames;

/// <summary>
/// Peak memory (VmHWM) of each service over one job of a clip, and over the same packets ten times, in new processes.
/// </summary>
internal static class MemoryBenchmark
{
    private const int Times = 10;
    private const double Goal = 1.1;

    public static async Task MeasureAsync(BenchmarkRun run, IReadOnlyList<BenchmarkClip> clips)
    {
        foreach (var clip in clips)
        {
            var longClip = clip with
            {
                Path = await clip.RepeatAsync(run.Folder.File("repeated.mp4"), Times),
                Frames = clip.Frames * Times,
            };
            var workload = new Workload(clip, "detect_only", clip.MemoryStride);
            var (inference, jobs) = await PeaksAsync(workload, run.Cancellation);
            var (longInference, longJobs) = await PeaksAsync(workload with { Clip = longClip }, run.Cancellation);
            run.Rows.Add(Peak("InferenceService", workload, inference, longInference));
            run.Rows.Add(Peak("JobService", workload, jobs, longJobs));
        }
    }

    private static Row Peak(string service, Workload workload, double once, double repeated) => Row.AtMost(
        FormattableString.Invariant($"peak memory of the {service}, {Times}x {workload}, 1 round"), repeated, "MB",
        "1x", once, Goal);

    private static async Task<(double Inference, double Jobs)> PeaksAsync(
        Workload workload, CancellationToken cancellationToken)
    {
        await using var services = new Installation();
        await services.StartAsync();
        await using var client = services.Client();
        await JobRun.RunAsync(client, workload, cancellationToken);
        var inference = ProcessMemory.Of(services.InferenceService.Id).Peak;
        var jobs = ProcessMemory.Of(services.JobService.Id).Peak;
        await BenchmarkRun.LogAsync(FormattableString.Invariant(
            $"memory, {workload}: InferenceService {inference:F0} MB, JobService {jobs:F0} MB"));
        return (inference, jobs);
    }
}
