using ForegSyte.JobBenchmarks.Processes;
using ForegSyte.Measuring;

namespace ForegSyte.JobBenchmarks.Parts;

/// <summary>
/// Start-up where every finished job still has its video: the storage is looked through at start. Making a million
/// files takes the most time of this part.
/// </summary>
internal sealed class ArtifactsPart : IBenchmarkPart
{
    private const double StartGoalSeconds = 3;

    /// <inheritdoc />
    public string Name => "artifacts";

    /// <inheritdoc />
    public async Task<IReadOnlyList<Row>> RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        var jobs = bench.Sizes[^1];
        var data = bench.Folder.File("artifacts");
        await Bench.SayAsync(FormattableString.Invariant(
            $"artifacts: making {jobs:N0} finished jobs with a file each"));
        await FinishedJobs.MakeAsync(data, jobs, bench.VideoPath, cancellationToken);
        await FinishedJobs.AddVideosAsync(data, cancellationToken);
        var seconds = new List<double>();
        for (var round = 0; round < Rounds.Count; round++)
        {
            await using var service = await JobServiceProcess.StartAsync(data, cancellationToken);
            seconds.Add(service.StartTime.TotalSeconds);
            await service.StopAsync();
        }

        return
        [
            Row.Within(
                FormattableString.Invariant($"start to SERVING, {jobs:N0} jobs with a video file each"),
                seconds.Median(), "s", StartGoalSeconds),
        ];
    }
}
