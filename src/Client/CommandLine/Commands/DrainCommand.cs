using System.CommandLine;
using System.Globalization;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;
using Spectre.Console;

namespace ForegSyte.CommandLine.Commands;

/// <summary>drain and undrain: the server stops starting jobs, and starts them again.</summary>
internal static class DrainCommand
{
    public static Command Create(CommandRunner runner)
    {
        var grace = new Option<TimeSpan?>("--grace")
        {
            Description = "Time that running jobs may continue before the server returns them to the queue, for "
                + "example 30s or 10m.",
            HelpName = "TIME",
            CustomParser = OptionValues.Duration,
        };
        var stop = new Option<bool>("--stop") { Description = "Stop the server when no job is running." };
        var command = new Command(
            "drain",
            "Stop the server from starting jobs, before a restart. It still answers calls and accepts jobs, which run "
            + "after the restart or after undrain. Run the command again to see the progress. Needs the permission "
            + "admin.")
        {
            grace, stop,
        };
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            async (context, token) =>
            {
                var drain = await context.Client.DrainServerAsync(
                    arguments.GetValue(grace), arguments.GetValue(stop), cancellationToken: token);
                context.Output.WriteLine(Describe(drain));
                return ExitCode.Ok;
            },
            cancellationToken));
        return command;
    }

    public static Command CreateUndrain(CommandRunner runner)
    {
        var command = new Command(
            "undrain",
            "End a drain: waiting jobs start at once, running jobs go on, and the server does not stop. Needs the "
            + "permission admin.");
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            async (context, token) =>
            {
                var drain = await context.Client.UndrainServerAsync(cancellationToken: token);
                context.Output.WriteLine($"not draining: {JobsOf(drain)}; the server starts jobs");
                return ExitCode.Ok;
            },
            cancellationToken));
        return command;
    }

    private static string Describe(DrainStatus drain)
    {
        var then = drain.ExitsWhenDrained
            ? "the server stops when no job is running"
            : "you can stop the server when no job is running";
        return $"{(drain.State == DrainState.Drained ? "drained" : "draining")}: {JobsOf(drain)}; {then}";
    }

    private static string JobsOf(DrainStatus drain) => string.Create(
        CultureInfo.InvariantCulture,
        $"{PluralText.Of(drain.RunningJobs, "running job")}, {drain.PendingJobs} pending");
}
