using System.CommandLine;
using System.Globalization;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;
using ForegSyte.V1;
using Spectre.Console;

namespace ForegSyte.CommandLine.Commands;

/// <summary>nodes: lists the JobServices of a cluster.</summary>
internal static class NodesCommand
{
    public static Command Create(CommandRunner runner)
    {
        var json = SharedOptions.Json("the nodes {\"nodes\":[…]}");
        var command = new Command(
            "nodes",
            "List the JobServices that share the job store; a JobService with the embedded store is alone. Needs the "
            + "permission admin.")
        {
            json,
        };
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            async (context, token) =>
            {
                var nodes = context.Client.ListNodesAsync(cancellationToken: token);
                if (arguments.GetValue(json))
                {
                    await JsonLines.WriteAsync(context.Environment.Output, "nodes", nodes, token);
                }
                else
                {
                    context.Output.Write(TableOf(await nodes.ToListAsync(token)));
                }

                return ExitCode.Ok;
            },
            cancellationToken));
        return command;
    }

    private static Table TableOf(IEnumerable<Node> nodes)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns(
            "Node", "State", "Jobs", "Address", "Version", "Started", "Seen");
        foreach (var node in nodes)
        {
            table.AddRow(
                new Text(SafeText.OneLine(node.NodeName)),
                new Text(StateOf(node)),
                new Text(node.State == NodeState.Lost
                    ? ""
                    : string.Create(CultureInfo.InvariantCulture, $"{node.RunningJobs}/{node.MaxRunningJobs}")),
                new Text(SafeText.OneLine(node.Address)),
                new Text(SafeText.OneLine(node.Version)),
                new Text(JobText.Time(node.StartedAt)),
                new Text(JobText.Time(node.SeenAt)));
        }

        return table;
    }

    private static string StateOf(Node node) => node switch
    {
        { State: NodeState.Lost } => "lost",
        { DrainState: DrainState.Draining } => "draining",
        { DrainState: DrainState.Drained } => "drained",
        _ => "live",
    };
}
