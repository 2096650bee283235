using System.CommandLine;
using System.Globalization;
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
                var pipelines = context.Client.ListPipelinesAsync(cancellationToken: token);
                if (arguments.GetValue(json))
                {
                    await JsonLines.WriteAsync(context.Environment.Output, "pipelines", pipelines, token);
                }
                else
                {
                    context.Output.Write(TableOf(await pipelines.ToListAsync(token)));
                }

                return ExitCode.Ok;
            },
            cancellationToken));
        return command;
    }

    private static Table TableOf(IEnumerable<Pipeline> pipelines)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns(
            "Pipeline", "Stages", "Description", "Parameters");
        foreach (var pipeline in pipelines)
        {
            table.AddRow(
                new Text(pipeline.Id),
                new Text(string.Join(", ", pipeline.Nodes.Select(node => node.Stage))),
                new Text(SafeText.OneLine(pipeline.Description)),
                new Text(SafeText.OneLine(ParametersOf(pipeline))));
        }

        return table;
    }

    /// <summary>For example "objects.confidence = 0.25, text.language = en".</summary>
    private static string ParametersOf(Pipeline pipeline) => string.Join(
        ", ",
        from node in pipeline.Nodes
        from parameter in node.Parameters.OrderBy(pair => pair.Key, StringComparer.Ordinal)
        select $"{node.Id}.{parameter.Key} = {ValueOf(parameter.Value)}");

    private static string ValueOf(Parameter parameter) => parameter.ValueCase switch
    {
        Parameter.ValueOneofCase.BoolValue => parameter.BoolValue ? "true" : "false",
        Parameter.ValueOneofCase.Int64Value => parameter.Int64Value.ToString(CultureInfo.InvariantCulture),
        Parameter.ValueOneofCase.DoubleValue => parameter.DoubleValue.ToString(CultureInfo.InvariantCulture),
        _ => parameter.StringValue,
    };
}
