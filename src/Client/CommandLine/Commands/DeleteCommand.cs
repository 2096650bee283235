using System.CommandLine;
using System.Globalization;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;

namespace ForegSyte.CommandLine.Commands;

/// <summary>delete: deletes jobs that have ended.</summary>
internal static class DeleteCommand
{
    public static Command Create(CommandRunner runner)
    {
        var jobIds = SharedOptions.JobIds(SharedOptions.TerminalJobs);
        var yes = new Option<bool>("--yes", "-y")
        {
            Description = "Delete without a confirmation. Required without a terminal.",
        };
        var command = new Command(
            "delete",
            "Permanently delete jobs that have ended, with their videos and results. "
            + SharedOptions.SeveralJobs)
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
        CommandContext context, string[] jobIds, bool isConfirmed, CancellationToken cancellationToken)
    {
        if (!isConfirmed && !context.Environment.CanAsk)
        {
            ErrorReport.WriteUsage(
                context.Error,
                "The command cannot ask for a confirmation without a terminal.",
                "--yes deletes without a confirmation.");
            return ExitCode.InvalidArgument;
        }

        if (!isConfirmed && !await ConfirmAsync(context.Environment, QuestionFor(jobIds), cancellationToken))
        {
            context.Hint("Nothing was deleted.");
            return ExitCode.Cancelled;
        }

        return await JobBatch.RunAsync(
            context,
            jobIds,
            async jobId =>
            {
                await context.Client.DeleteJobAsync(jobId, cancellationToken: cancellationToken);
                return "deleted";
            });
    }

    private static string QuestionFor(string[] jobIds) => jobIds.Length == 1
        ? $"Delete job {jobIds[0]} with its video and its results?"
        : string.Create(
            CultureInfo.InvariantCulture, $"Delete {jobIds.Length} jobs with their videos and their results?");

    /// <summary>Asks the question; only "y" and "yes" confirm.</summary>
    private static async Task<bool> ConfirmAsync(
        CommandEnvironment environment, string question, CancellationToken cancellationToken)
    {
        await environment.Error.WriteAsync($"{SafeText.OneLine(question)} [y/N] ");
        await environment.Error.FlushAsync(cancellationToken);
        // Reading the console blocks its thread and ignores Ctrl-C, so it gets a thread that may be abandoned.
        var answer = await Task.Run(environment.ReadLine, CancellationToken.None).WaitAsync(cancellationToken);
        return answer?.Trim().ToLowerInvariant() is "y" or "yes";
    }
}
