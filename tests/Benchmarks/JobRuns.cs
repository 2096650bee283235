using ForegSyte.Client;
using ForegSyte.V1;

namespace ForegSyte.Benchmarks;

/// <summary>Whole jobs: the clip is uploaded, analyzed and stored, and the client sees the completion.</summary>
internal static class JobRuns
{
    /// <summary>Runs one job over all frames.</summary>
    /// <returns>The time from submit to completion as the client sees it, and the job.</returns>
    public static async Task<(TimeSpan Elapsed, Job Job)> RunAsync(
        ForegSyteClient client, string pipelineId, string clip, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        var submitted = await client.SubmitFileAsync(
            clip, new SubmitOptions { PipelineId = pipelineId }, cancellationToken);
        var job = await client.WaitForCompletionAsync(submitted.JobId, cancellationToken: cancellationToken);
        var elapsed = TimeProvider.System.GetElapsedTime(start);
        return job.Status == JobStatus.Completed
            ? (elapsed, job)
            : throw new InvalidOperationException($"The job ended as {job.Status}: {job.ErrorMessage}");
    }
}
