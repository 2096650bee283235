using System.CommandLine;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;

namespace ForegSyte.CommandLine.Commands;

/// <summary>get: shows one job.</summary>
internal static class GetCommand
{
    public static Command Create(CommandRunner runner)
    {
        var jobId = SharedOptions.JobId();
        var json = SharedOptions.Json("the job");
        var command = new Command("get", "Show one job.") { jobId, json };
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            async (context, token) =>
            {
                var job = await context.Client.GetJobAsync(
                    await context.JobIdAsync(arguments.GetRequiredValue(jobId), token), cancellationToken: token);
                if (arguments.GetValue(json))
                {
                    await context.Environment.Output.WriteLineAsync(SafeText.Json(job));
                }
                else
                {
                    JobDetails.Write(context.Output, job, context.Environment.Now);
                }

                return ExitCode.Ok;
            },
            cancellationToken));
        return command;
    }
}
