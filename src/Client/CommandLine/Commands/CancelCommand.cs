using System.CommandLine;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;

namespace ForegSyte.CommandLine.Commands;

/// <summary>cancel: cancels pending or running jobs.</summary>
internal static class CancelCommand
{
    public static Command Create(CommandRunner runner)
    {
        var jobs = new JobSelection("cancel", SharedOptions.UnfinishedJobs, asksForIds: false);
        var command = new Command(
            "cancel",
            "Cancel pending or running jobs. They keep their finished segments, and 'retry' continues after these. "
            + SharedOptions.SeveralJobs);
        jobs.AddTo(command);
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            (context, token) => jobs.RunAsync(
                context,
                arguments,
                async jobId => JobText.Status(
                    (await context.Client.CancelJobAsync(jobId, cancellationToken: token)).Status),
                token),
            cancellationToken));
        return command;
    }
}
