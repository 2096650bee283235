using System.CommandLine;
using ForegSyte.CommandLine.Output;
using ForegSyte.CommandLine.Running;
using ForegSyte.CommandLine.Waiting;
using ForegSyte.Protocol.Json;

namespace ForegSyte.CommandLine.Commands;

/// <summary>wait: follows a job until it has ended.</summary>
internal static class WaitCommand
{
    /// <summary>The command.</summary>
    public static Command Create(CommandRunner runner)
    {
        var jobId = SharedArguments.JobId(SharedArguments.Unfinished);
        var json = SharedArguments.Json("the job as it ended");
        var command = new Command(
            "wait", "Wait until a job has ended, with its progress, and show it. Ctrl-C ends the waiting, not the job.")
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
                    await context.Environment.Output.WriteLineAsync(ForegSyteJson.IndentedFormatter.Format(job));
                }
                else
                {
                    JobView.Write(context.Output, job, context.Environment.Now);
                }

                JobOutcome.Write(context.Error, job);
                return ExitCodes.Of(job.Status);
            },
            cancellationToken));
        return command;
    }
}
