using System.CommandLine;
using ForegSyte.CommandLine.Output;
using ForegSyte.CommandLine.Running;
using ForegSyte.Protocol.Json;

namespace ForegSyte.CommandLine.Commands;

/// <summary>diagnose: tells why a job is where it is.</summary>
internal static class DiagnoseCommand
{
    /// <summary>The command.</summary>
    public static Command Create(CommandRunner runner)
    {
        var jobId = SharedArguments.JobId();
        var json = SharedArguments.Json("the diagnosis");
        var command = new Command(
            "diagnose",
            "Tell why a job is where it is: what happened to it, its segments and where they ran, what FFmpeg said "
            + "last, and what it waits for.")
        {
            jobId, json,
        };
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            async (context, token) =>
            {
                var diagnosis = await context.Client.DiagnoseJobAsync(arguments.GetRequiredValue(jobId), token);
                if (arguments.GetValue(json))
                {
                    await context.Environment.Output.WriteLineAsync(ForegSyteJson.IndentedFormatter.Format(diagnosis));
                }
                else
                {
                    DiagnosisView.Write(context.Output, diagnosis);
                }

                return ExitCode.Ok;
            },
            cancellationToken));
        return command;
    }
}
