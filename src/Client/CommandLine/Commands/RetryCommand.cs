using System.CommandLine;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;

namespace ForegSyte.CommandLine.Commands;

/// <summary>retry: queues failed or cancelled jobs again.</summary>
internal static class RetryCommand
{
    public static Command Create(CommandRunner runner)
    {
        var jobs = new JobSelection("retry", SharedOptions.UnsuccessfulJobs, asksForIds: false);
        var command = new Command(
            "retry",
            "Queue failed or cancelled jobs again. They continue after their finished segments. "
            + SharedOptions.SeveralJobs);
        jobs.AddTo(command);
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            (context, token) => jobs.RunAsync(
                context,
                arguments,
                async jobId => JobText.Status(
                    (await context.Client.RetryJobAsync(jobId, cancellationToken: token)).Status),
                token),
            cancellationToken));
        return command;
    }
}
