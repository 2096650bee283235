using ForegSyte.V1;
using Spectre.Console;

namespace ForegSyte.CommandLine.Output;

/// <summary>How a job ended, where it did not end well.</summary>
internal static class JobOutcome
{
    /// <summary>Writes one line for a job that failed or was cancelled, nothing for another.</summary>
    public static void Write(IAnsiConsole error, Job job)
    {
        if (job.Status == JobStatus.Failed)
        {
            error.WriteLine(SafeText.OneLine($"error: the job failed: {JobView.ErrorText(job)}"), new Style(Color.Red));
        }
        else if (job.Status == JobStatus.Cancelled)
        {
            error.WriteLine("The job was cancelled.", new Style(Color.Yellow));
        }
    }
}
