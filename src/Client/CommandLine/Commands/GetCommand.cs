using System.CommandLine;
using ForegSyte.CommandLine.Output;
using ForegSyte.CommandLine.Running;
using ForegSyte.Protocol.Json;

namespace ForegSyte.CommandLine.Commands;

/// <summary>get: shows one job.</summary>
internal static class GetCommand
{
    /// <summary>The command.</summary>
    public static Command Create(CommandRunner runner)
    {
        var jobId = SharedArguments.JobId();
        var json = SharedArguments.Json("the job");
        var command = new Command("get", "Show one job.") { jobId, json };
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            async (context, token) =>
            {
                var job = await context.Client.GetJobAsync(arguments.GetRequiredValue(jobId), token);
                if (arguments.GetValue(json))
                {
                    await context.Environment.Output.WriteLineAsync(ForegSyteJson.IndentedFormatter.Format(job));
                }
                else
                {
                    JobView.Write(context.Output, job, context.Environment.Now);
                }

                return ExitCode.Ok;
            },
            cancellationToken));
        return command;
    }
}
