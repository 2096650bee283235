using System.CommandLine;
using ForegSyte.CommandLine.Output;
using ForegSyte.CommandLine.Running;

namespace ForegSyte.CommandLine.Commands;

/// <summary>cancel: ends jobs that have not ended.</summary>
internal static class CancelCommand
{
    /// <summary>The command.</summary>
    public static Command Create(CommandRunner runner)
    {
        var jobIds = SharedArguments.JobIds(SharedArguments.Unfinished);
        var command = new Command(
            "cancel",
            "End pending or running jobs. What is finished of them stays, so that 'retry' goes on after it. "
            + SharedArguments.SeveralJobs)
        {
            jobIds,
        };
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            (context, token) => EachJob.DoAsync(
                context,
                arguments.GetRequiredValue(jobIds),
                async jobId => JobView.StatusText((await context.Client.CancelJobAsync(jobId, token)).Status)),
            cancellationToken));
        return command;
    }
}
