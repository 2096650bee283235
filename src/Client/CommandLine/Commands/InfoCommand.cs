using System.CommandLine;
using System.Globalization;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;
using Spectre.Console;

namespace ForegSyte.CommandLine.Commands;

/// <summary>info: shows the server.</summary>
internal static class InfoCommand
{
    public static Command Create(CommandRunner runner)
    {
        var limits = new Option<bool>("--limits") { Description = "Show the limits in force, too." };
        var json = SharedOptions.Json("the server");
        var command = new Command(
            "info", "Show the server's version, whether it starts jobs, its InferenceServices and its limits.")
        {
            limits, json,
        };
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            async (context, token) =>
            {
                var info = await context.Client.GetServerInfoAsync(cancellationToken: token);
                if (arguments.GetValue(json))
                {
                    await context.Environment.Output.WriteLineAsync(SafeText.Json(info));
                    return ExitCode.Ok;
                }

                Write(context, info);
                if (arguments.GetValue(limits))
                {
                    context.Output.Write(TableOf(info.Limits));
                }
                else
                {
                    context.Hint(
                        $"{PluralText.Of(info.Limits.Count, "limit")} apply; --limits shows them.");
                }

                return ExitCode.Ok;
            },
            cancellationToken));
        return command;
    }

    private static void Write(CommandContext context, ServerInfo info)
    {
        var fields = new Grid().AddColumn(new GridColumn().NoWrap().PadRight(3)).AddColumn();
        void Add(string name, string value)
        {
            if (value.Length > 0)
            {
                fields.AddRow(new Text(name), new Text(SafeText.OneLine(value)));
            }
        }

        Add("Server", context.Client.Address.ToString());
        Add("Version", info.Version);
        Add("Node", info.NodeName);
        Add("Started", $"{JobText.Time(info.StartedAt)} ({JobTable.Ago(info.StartedAt, context.Environment.Now)})");
        Add("Jobs", StateOf(info.DrainState));
        Add("Inference", string.Create(
            CultureInfo.InvariantCulture,
            $"{info.ServingInstances} of {info.KnownInstances} InferenceServices serving"));
        Add("Settings from", string.Join(", ", info.ConfigurationSources));
        context.Output.Write(fields);
    }

    private static string StateOf(DrainState state) => state switch
    {
        DrainState.Draining => "draining: no new jobs start, some still run",
        DrainState.Drained => "drained: no jobs start or run",
        _ => "not draining: the server starts jobs",
    };

    private static Table TableOf(IEnumerable<Limit> limits)
    {
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumn(new TableColumn("Limit").NoWrap()).AddColumn("Value").AddColumn("Meaning").AddColumn("Set by");
        foreach (var limit in limits)
        {
            table.AddRow(
                new Text(SafeText.OneLine(limit.Option)),
                new Text(SafeText.OneLine(ValueOf(limit))),
                new Text(SafeText.OneLine(limit.Description)),
                new Text(SafeText.OneLine(limit.Source)));
        }

        return table;
    }

    private static string ValueOf(Limit limit) =>
        limit.Unit == "bytes" && long.TryParse(limit.Value, CultureInfo.InvariantCulture, out var bytes) && bytes > 0
            ? SizeText.Format(bytes)
            : $"{limit.Value} {limit.Unit}".TrimEnd();
}
