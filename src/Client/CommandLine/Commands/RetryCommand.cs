using System.CommandLine;
using ForegSyte.CommandLine.Output;
using ForegSyte.CommandLine.Running;

namespace ForegSyte.CommandLine.Commands;

/// <summary>retry: runs jobs again that failed or were cancelled.</summary>
internal static class RetryCommand
{
    /// <summary>The command.</summary>
    public static Command Create(CommandRunner runner)
    {
        var jobIds = SharedArguments.JobIds(SharedArguments.Unsuccessful);
        var command = new Command(
            "retry",
            "Put failed or cancelled jobs back to the queue. They go on after what is finished of them. "
            + SharedArguments.SeveralJobs)
        {
            jobIds,
        };
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            (context, token) => EachJob.DoAsync(
                context,
                arguments.GetRequiredValue(jobIds),
                async jobId => JobView.StatusText((await context.Client.RetryJobAsync(jobId, token)).Status)),
            cancellationToken));
        return command;
    }
}
