using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;
using ForegSyte.V1;

namespace ForegSyte.CommandLine.Commands;

/// <summary>Waits for a job and shows its progress.</summary>
internal static class JobWaiting
{
    /// <summary>
    /// Returns the job when it is terminal. An interruption or a timeout ends the wait, not the job, and prints how to
    /// wait again and how to cancel the job.
    /// </summary>
    public static async Task<Job> WaitAsync(CommandContext context, string jobId, CancellationToken cancellationToken)
    {
        try
        {
            return await context.Progress.ShowAsync(async progress =>
            {
                Job? latest = null;
                await foreach (var job in context.Client.WatchJobAsync(jobId, cancellationToken: cancellationToken))
                {
                    latest = job;
                    progress.Report(ReportOf(job, context.Environment.Now));
                }

                return latest ?? throw new InvalidOperationException("The watch ended without a job.");
            });
        }
        catch (OperationCanceledException)
        {
            context.Hint($"The job keeps running. To wait for it again: foregsyte wait {jobId}");
            context.Hint($"To cancel it: foregsyte cancel {jobId}");
            throw;
        }
    }

    private static ProgressReport ReportOf(Job job, DateTimeOffset now)
    {
        var wait = WaitText.Of(job, now);
        var stage = wait.Length > 0 ? $"waiting: {wait}" : JobText.Status(job.Status);
        return new ProgressReport(stage, job.Progress?.FramesDone ?? 0, job.Progress?.FramesTotal ?? 0);
    }
}
