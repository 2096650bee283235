using ForegSyte.V1;
using Spectre.Console;

namespace ForegSyte.CommandLine.Output;

/// <summary>How a job ended, where it did not end well.</summary>
internal static class JobOutcome
{
    /// <summary>
    /// Writes how a job failed, or that it was cancelled, and what may help; nothing for another job.
    /// </summary>
    public static void Write(IAnsiConsole error, Job job)
    {
        if (job.Status == JobStatus.Failed)
        {
            error.WriteLine(SafeText.OneLine($"error: the job failed: {JobView.ErrorText(job)}"), new Style(Color.Red));
            if (job.Attempts.Count > 0 && job.Attempts[^1].Retryable)
            {
                WriteRetry(error, job);
            }
        }
        else if (job.Status == JobStatus.Cancelled)
        {
            error.WriteLine("The job was cancelled.", new Style(Color.Yellow));
            WriteRetry(error, job);
        }
    }

    private static void WriteRetry(IAnsiConsole error, Job job) =>
        error.WriteLine($"To run it again: foregsyte retry {job.JobId}", new Style(decoration: Decoration.Dim));
}
