using System.CommandLine;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;

namespace ForegSyte.CommandLine.Commands;

/// <summary>wait: waits until a job ends, and shows it.</summary>
internal static class WaitCommand
{
    public static Command Create(CommandRunner runner)
    {
        var jobId = SharedOptions.JobId(SharedOptions.UnfinishedJobs);
        var json = SharedOptions.Json("the job");
        var command = new Command(
            "wait", "Show the progress of a job until it ends, then the job. Ctrl-C ends the wait, not the job.")
        {
            jobId, json,
        };
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            async (context, token) =>
            {
                var job = await JobWaiting.WaitAsync(context, arguments.GetRequiredValue(jobId), token);
                if (arguments.GetValue(json))
                {
                    await context.Environment.Output.WriteLineAsync(SafeText.Json(job));
                }
                else
                {
                    JobDetails.Write(context.Output, job, context.Environment.Now);
                }

                JobDetails.WriteFailure(context.Error, job);
                return ExitCodes.Of(job.Status);
            },
            cancellationToken));
        return command;
    }
}
