using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;
using ForegSyte.V1;
using Spectre.Console;

namespace ForegSyte.CommandLine.Commands;

/// <summary>drain: stops the server from starting jobs.</summary>
internal static class DrainCommand
{
    public static Command Create(CommandRunner runner)
    {
        var grace = new Option<TimeSpan?>("--grace")
        {
            Description = "Time that running jobs may continue before the server returns them to the queue, for "
                + "example 30s or 10m.",
            HelpName = "TIME",
            CustomParser = ParseGrace,
        };
        var stop = new Option<bool>("--stop") { Description = "Stop the server when no job is running." };
        var command = new Command(
            "drain",
            "Stop the server from starting jobs, before a restart. It still answers calls and accepts jobs, which run "
            + "after the restart. Run the command again to see the progress. Needs the permission admin.")
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

    private static string Describe(DrainStatus drain)
    {
        var jobs = string.Create(
            CultureInfo.InvariantCulture, $"{drain.RunningJobs} running jobs, {drain.PendingJobs} pending");
        var then = drain.ExitsWhenDrained
            ? "the server stops when no job is running"
            : "you can stop the server when no job is running";
        return $"{(drain.State == DrainState.Drained ? "drained" : "draining")}: {jobs}; {then}";
    }

    private static TimeSpan? ParseGrace(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (DurationText.TryParse(text, out var time))
        {
            return time;
        }

        result.AddError($"'{text}' is not a valid time. Use a number with s, m or h, for example 30s, 10m or 1h.");
        return null;
    }
}
