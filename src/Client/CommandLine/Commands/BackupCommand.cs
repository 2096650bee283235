using System.CommandLine;
using System.Globalization;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;
using Spectre.Console;

namespace ForegSyte.CommandLine.Commands;

/// <summary>backup: makes a backup of the running server and waits for it.</summary>
internal static class BackupCommand
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(10);

    public static Command Create(CommandRunner runner)
    {
        var id = new Argument<string?>("name")
        {
            Description = "Name of the backup's folder on the server. Default: the time, such as 20261130T131500Z.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var noWait = new Option<bool>("--no-wait")
        {
            Description = "Only begin the backup. Run the command again with the name to see its progress.",
        };
        var command = new Command(
            "backup",
            "Back up the running server: a consistent copy of its database, videos and results, in a folder of its "
            + "option Backup:Directory. Needs the permission admin.")
        {
            id, noWait,
        };
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            async (context, token) =>
            {
                var backup = await context.Client.CreateBackupAsync(arguments.GetValue(id), cancellationToken: token);
                if (!arguments.GetValue(noWait))
                {
                    backup = await WaitAsync(context, backup, token);
                }

                context.Output.WriteLine(Describe(backup));
                return backup.State == BackupState.Failed ? ExitCode.Unexpected : ExitCode.Ok;
            },
            cancellationToken));
        return command;
    }

    private static async Task<Backup> WaitAsync(
        CommandContext context, Backup backup, CancellationToken cancellationToken)
    {
        for (var delay = FirstDelay; backup.State == BackupState.Running; delay = Longer(delay))
        {
            await Task.Delay(delay, context.Environment.TimeProvider, cancellationToken);
            backup = await context.Client.CreateBackupAsync(backup.BackupId, cancellationToken: cancellationToken);
        }

        return backup;
    }

    private static TimeSpan Longer(TimeSpan delay) => delay * 2 < MaxDelay ? delay * 2 : MaxDelay;

    private static string Describe(Backup backup)
    {
        var size = string.Create(
            CultureInfo.InvariantCulture,
            $"{PluralText.Of(backup.JobCount, "job")}, {PluralText.Of(backup.FileCount, "file")}, ")
            + $"{SizeText.Approximate(backup.SizeBytes)}, {SizeText.Approximate(backup.CopiedBytes)} of them copied";
        return backup.State switch
        {
            BackupState.Completed =>
                $"backed up: {size}, in {DurationText.Approximate((backup.EndedAt - backup.StartedAt).ToTimeSpan())}\n"
                + $"written to {SafeText.OneLine(backup.Path)}",
            BackupState.Failed =>
                $"failed: {SafeText.OneLine(backup.Error)} Run the command again, without a name or with a new one.",
            _ => $"running: {size} so far; the name is {SafeText.OneLine(backup.BackupId)}",
        };
    }
}
