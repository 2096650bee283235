using ForegSyte.Client;
using ForegSyte.V1;

namespace ForegSyte.Benchmarks.Jobs;

/// <summary>Whole jobs: the clip is uploaded, analyzed and stored, and the client reads all results.</summary>
internal static class JobRuns
{
    /// <summary>Runs one job.</summary>
    /// <returns>The time from submit to the last result as the client sees it, and what was found.</returns>
    /// <exception cref="InvalidOperationException">The job did not complete, or frames are missing.</exception>
    public static async Task<JobRun> RunAsync(
        ForegSyteClient client, Workload workload, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        var submitted = await client.SubmitFileAsync(
            workload.Clip.Path,
            new SubmitOptions { PipelineId = workload.PipelineId, FrameStride = workload.Stride },
            cancellationToken);
        var job = await client.WaitForCompletionAsync(submitted.JobId, cancellationToken: cancellationToken);
        if (job.Status != JobStatus.Completed)
        {
            throw new InvalidOperationException($"The job ended as {job.Status}: {job.ErrorMessage}");
        }

        var (frames, detections, lines) = (0, 0, 0);
        await foreach (var result in client.GetResultsAsync(job.JobId, cancellationToken: cancellationToken))
        {
            frames++;
            detections += result.Result.Detections.Count;
            lines += result.Result.TextRegions.Count;
        }

        var elapsed = TimeProvider.System.GetElapsedTime(start);
        return frames == workload.Frames
            ? new JobRun(elapsed.TotalSeconds, detections, lines)
            : throw new InvalidOperationException($"{workload}: the job has results of {frames} frames.");
    }
}
