using System.CommandLine;
using ForegSyte.CommandLine.Output;
using ForegSyte.CommandLine.Running;
using ForegSyte.V1;

namespace ForegSyte.CommandLine.Commands;

/// <summary>results: writes what was found, frame by frame, as it arrives.</summary>
internal static class ResultsCommand
{
    /// <summary>The command.</summary>
    public static Command Create(CommandRunner runner)
    {
        var jobId = SharedArguments.JobId();
        var json = SharedArguments.Json("the results document {\"results\":[…]}");
        var startFrame = new Option<int>("--start-frame")
        {
            Description = "Start at the first analyzed frame with at least this index.",
            HelpName = "N",
        };
        var follow = new Option<bool>("--follow", "-f")
        {
            Description = "Wait for the first results of a job that has none yet.",
        };
        var command = new Command(
            "results",
            "Print the results of a job. Those of a job that still runs come as its segments are finished; Ctrl-C ends "
            + "the printing, not the job.")
        {
            jobId, json, startFrame, follow,
        };
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            async (context, token) =>
            {
                var (id, start) = (arguments.GetRequiredValue(jobId), arguments.GetValue(startFrame));
                var results = arguments.GetValue(follow)
                    ? context.Client.FollowResultsAsync(id, start, token)
                    : context.Client.GetResultsAsync(id, start, token);
                await (arguments.GetValue(json)
                    ? JsonLines.WriteAsync(context.Environment.Output, "results", results, token)
                    : WriteLinesAsync(context.Environment.Output, results));
                return Outcome(context, await context.Client.GetJobAsync(id, token));
            },
            cancellationToken));
        return command;
    }

    /// <summary>Tells where the results are not all that were asked for, since the job did not complete.</summary>
    private static ExitCode Outcome(CommandContext context, Job job)
    {
        JobOutcome.Write(context.Error, job);
        return job.Status is JobStatus.Failed or JobStatus.Cancelled ? ExitCodes.Of(job.Status) : ExitCode.Ok;
    }

    private static async Task WriteLinesAsync(TextWriter output, IAsyncEnumerable<FrameResult> results)
    {
        var isFirst = true;
        await foreach (var frame in results)
        {
            if (isFirst)
            {
                isFirst = false;
                await output.WriteLineAsync(ResultLines.Header);
            }

            await output.WriteLineAsync(ResultLines.Of(frame));
        }
    }
}
