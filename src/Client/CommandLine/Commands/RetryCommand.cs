using System.CommandLine;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;

namespace ForegSyte.CommandLine.Commands;

/// <summary>retry: queues failed or cancelled jobs again.</summary>
internal static class RetryCommand
{
    public static Command Create(CommandRunner runner)
    {
        var jobIds = SharedOptions.JobIds(SharedOptions.UnsuccessfulJobs);
        var command = new Command(
            "retry",
            "Queue failed or cancelled jobs again. They continue after their finished segments. "
            + SharedOptions.SeveralJobs)
        {
            jobIds,
        };
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            (context, token) => JobBatch.RunAsync(
                context,
                arguments.GetRequiredValue(jobIds),
                async jobId => JobText.Status(
                    (await context.Client.RetryJobAsync(jobId, cancellationToken: token)).Status)),
            cancellationToken));
        return command;
    }
}
