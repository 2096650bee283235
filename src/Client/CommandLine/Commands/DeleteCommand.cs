using System.CommandLine;
using ForegSyte.CommandLine.Invocation;

namespace ForegSyte.CommandLine.Commands;

/// <summary>delete: deletes jobs that have ended.</summary>
internal static class DeleteCommand
{
    public static Command Create(CommandRunner runner)
    {
        var jobs = new JobSelection("delete", SharedOptions.TerminalJobs, asksForIds: true);
        var command = new Command(
            "delete",
            "Permanently delete jobs that have ended, with their videos and results. "
            + SharedOptions.SeveralJobs);
        jobs.AddTo(command);
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            (context, token) => jobs.RunAsync(
                context,
                arguments,
                async jobId =>
                {
                    await context.Client.DeleteJobAsync(jobId, cancellationToken: token);
                    return "deleted";
                },
                token),
            cancellationToken));
        return command;
    }
}
