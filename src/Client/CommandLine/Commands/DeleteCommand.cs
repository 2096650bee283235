using System.CommandLine;
using System.Globalization;
using ForegSyte.CommandLine.Output;
using ForegSyte.CommandLine.Running;

namespace ForegSyte.CommandLine.Commands;

/// <summary>delete: removes jobs that have ended.</summary>
internal static class DeleteCommand
{
    /// <summary>The command.</summary>
    public static Command Create(CommandRunner runner)
    {
        var jobIds = SharedArguments.JobIds(SharedArguments.Ended);
        var yes = new Option<bool>("--yes", "-y")
        {
            Description = "Do not ask. Needed where there is no terminal to ask on.",
        };
        var command = new Command(
            "delete",
            "Remove jobs that have ended, with their videos and results. There is no way back. "
            + SharedArguments.SeveralJobs)
        {
            jobIds, yes,
        };
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            (context, token) => RunAsync(
                context, arguments.GetRequiredValue(jobIds), arguments.GetValue(yes), token),
            cancellationToken));
        return command;
    }

    private static async Task<ExitCode> RunAsync(
        CommandContext context, string[] jobIds, bool isSure, CancellationToken cancellationToken)
    {
        if (!isSure && !context.Environment.CanAsk)
        {
            ErrorReport.WriteUsage(
                context.Error,
                "There is no terminal to ask on.",
                "--yes deletes without asking.");
            return ExitCode.InvalidArgument;
        }

        if (!isSure && !await Confirmation.AskAsync(context, QuestionFor(jobIds), cancellationToken))
        {
            context.Hint("Nothing was deleted.");
            return ExitCode.Cancelled;
        }

        return await EachJob.DoAsync(
            context,
            jobIds,
            async jobId =>
            {
                await context.Client.DeleteJobAsync(jobId, cancellationToken);
                return "deleted";
            });
    }

    private static string QuestionFor(string[] jobIds) => jobIds.Length == 1
        ? $"Delete job {jobIds[0]} with its video and its results?"
        : string.Create(
            CultureInfo.InvariantCulture, $"Delete {jobIds.Length} jobs with their videos and their results?");
}
