using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using ForegSyte.CommandLine.Running;
using ForegSyte.V1;
using Spectre.Console;

namespace ForegSyte.CommandLine.Commands;

/// <summary>drain: has the server begin no more jobs.</summary>
internal static class DrainCommand
{
    /// <summary>The command.</summary>
    public static Command Create(CommandRunner runner)
    {
        var grace = new Option<TimeSpan?>("--grace")
        {
            Description = "How long running jobs may go on before they are handed back, for example 30s or 10m.",
            HelpName = "TIME",
            CustomParser = ParseGrace,
        };
        var stop = new Option<bool>("--stop") { Description = "Stop the server when no job runs any more." };
        var command = new Command(
            "drain",
            "Have the server begin no more jobs, before a restart. It answers calls and accepts jobs meanwhile; the "
            + "next start runs them. Run it again to see how far it is. Needs the permission admin.")
        {
            grace, stop,
        };
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            async (context, token) =>
            {
                var drain = await context.Client.DrainServerAsync(
                    arguments.GetValue(grace), arguments.GetValue(stop), token);
                context.Output.WriteLine(Describe(drain));
                return ExitCode.Ok;
            },
            cancellationToken));
        return command;
    }

    private static string Describe(DrainStatus drain)
    {
        var jobs = string.Create(
            CultureInfo.InvariantCulture, $"{drain.RunningJobs} jobs run, {drain.PendingJobs} wait for the next start");
        var then = drain.Stops ? "the server stops when none runs" : "the server may be stopped when none runs";
        return $"{(drain.State == DrainState.Drained ? "drained" : "draining")}: {jobs}; {then}";
    }

    private static TimeSpan? ParseGrace(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (DurationText.TryParse(text, out var time))
        {
            return time;
        }

        result.AddError($"'{text}' is no time. Give a number with s, m or h, for example 30s, 10m or 1h.");
        return null;
    }
}
