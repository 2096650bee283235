using ForegSyte.CommandLine.Output;
using ForegSyte.CommandLine.Running;
using ForegSyte.V1;

namespace ForegSyte.CommandLine.Waiting;

/// <summary>Waits for a job and shows how far it is.</summary>
internal static class JobWaiting
{
    /// <summary>
    /// The job when it is terminal. An interruption or a timeout ends the waiting and not the job, and says so with
    /// how to end that.
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

                return latest ?? throw new InvalidOperationException("The watch ended before it told a status.");
            });
        }
        catch (OperationCanceledException)
        {
            context.Hint($"The job itself goes on. To wait for it again: foregsyte wait {jobId}");
            context.Hint($"To end it: foregsyte cancel {jobId}");
            throw;
        }
    }

    private static ProgressReport ReportOf(Job job, DateTimeOffset now)
    {
        var wait = WaitText.Of(job, now);
        var stage = wait.Length > 0 ? $"waiting: {wait}" : JobView.StatusText(job.Status);
        return new ProgressReport(stage, job.Progress?.FramesDone ?? 0, job.Progress?.FramesTotal ?? 0);
    }
}
