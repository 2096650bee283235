using System.CommandLine;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;
using ForegSyte.V1;
using Spectre.Console;

namespace ForegSyte.CommandLine.Commands;

/// <summary>pipelines: lists the pipelines of the server.</summary>
internal static class PipelinesCommand
{
    public static Command Create(CommandRunner runner)
    {
        var json = SharedOptions.Json("the pipelines {\"pipelines\":[…]}");
        var command = new Command("pipelines", "List the pipelines of the server.") { json };
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            async (context, token) =>
            {
                var pipelines = await context.Client.ListPipelinesAsync(token);
                if (arguments.GetValue(json))
                {
                    await JsonLines.WriteAsync(
                        context.Environment.Output, "pipelines", pipelines.ToAsyncEnumerable(), token);
                }
                else
                {
                    context.Output.Write(TableOf(pipelines));
                }

                return ExitCode.Ok;
            },
            cancellationToken));
        return command;
    }

    private static Table TableOf(IReadOnlyList<Pipeline> pipelines)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("Pipeline", "Stages", "Description");
        foreach (var pipeline in pipelines)
        {
            table.AddRow(
                new Text(pipeline.Id),
                new Text(string.Join(", ", pipeline.Nodes.Select(node => node.Stage))),
                new Text(SafeText.OneLine(pipeline.Description)));
        }

        return table;
    }
}
