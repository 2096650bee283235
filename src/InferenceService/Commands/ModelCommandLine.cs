using System.CommandLine;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Starting;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Pipelines;
using ForegSyte.Protocol.Text;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Commands;

/// <summary>
/// The commands for the user's own models. They read the same settings as the service; on the command line, settings
/// follow the command: "InferenceService models list --DataDirectory=/srv/foregsyte".
/// </summary>
internal static class ModelCommandLine
{
    /// <summary>The names of the commands.</summary>
    public static readonly IReadOnlyList<string> Commands = ["models"];

    /// <summary>Whether the arguments are a command, or ask for help.</summary>
    public static bool Handles(IReadOnlyList<string> arguments) =>
        arguments is [var first, ..] && (Commands.Contains(first) || first is "-h" or "-?" or "--help");

    /// <summary>Runs a command.</summary>
    /// <returns>0 for success, 2 if the command failed.</returns>
    public static async Task<int> RunAsync(
        IReadOnlyList<string> arguments, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        var root = new RootCommand("ForegSyte InferenceService. Without a command it starts the service.")
        {
            new Command("models", "Add your own models, list all, remove your own.")
            {
                Add(output), List(output), Remove(output),
            },
        };
        try
        {
            return await root.Parse(arguments).InvokeAsync(
                new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false },
                cancellationToken);
        }
        catch (Exception failure) when (
            failure is ModelCommandException or ModelFileException or ModelLoadException or ModelCatalogueException
                or InvalidPipelinesException or DeviceUnavailableException or ServiceException
                or OptionsValidationException or IOException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync(ControlCharacters.Escape(
                $"InferenceService {arguments[0]}: {StartupFailure.Describe(failure)}"));
            return 2;
        }
    }

    private static Command Add(TextWriter output)
    {
        var file = new Argument<string>("file") { Description = "The ONNX file of a detector." };
        var id = Text("--id", "Id of the model. Default: the name of the file.");
        var labels = Text("--labels", "Text file with one label per line, if the model does not name its classes.");
        var license = Text("--license", "License of the weights, for example Apache-2.0 or AGPL-3.0-only. Required.");
        var source = Text("--source", "Where the weights are from, for readers.");
        var family = Text("--family", "Family of the model. Default: recognized by its outputs.");
        var size = Text("--size", "Size of the input, such as 640 or 640x384, if the file accepts any.");
        var pipeline = Text("--pipeline", "Id of the new pipeline. Default: the id of the model.");
        var like = Text("--like", "Pipeline whose detector the model replaces in the new one, for example yolo_ocr.");
        var sample = Text("--try", "Picture or video on which the model runs before it is added.");
        var at = new Option<double>("--at") { Description = "Time of the frame of the video, in seconds. Default: 0." };
        var picture = Text("--picture", "JPEG with the boxes of --try. Default: ID.jpg in the current folder.");
        var replace = new Option<bool>("--replace") { Description = "Replace your own model that has this id." };
        return Make(
            "add",
            "Recognize a detector in an ONNX file, check it as at the start, and add it with a pipeline.",
            [file, id, labels, license, source, family, size, pipeline, like, sample, at, picture, replace],
            (tools, arguments, cancellationToken) => new ModelAddition(
                tools,
                new ModelAdditionRequest(Path.GetFullPath(arguments.GetValue(file)!))
                {
                    Id = arguments.GetValue(id),
                    LabelsPath = arguments.GetValue(labels),
                    License = arguments.GetValue(license),
                    Source = arguments.GetValue(source),
                    Family = arguments.GetValue(family),
                    Size = arguments.GetValue(size),
                    PipelineId = arguments.GetValue(pipeline),
                    Like = arguments.GetValue(like),
                    SamplePath = arguments.GetValue(sample),
                    SampleSeconds = arguments.GetValue(at),
                    PicturePath = arguments.GetValue(picture),
                    MayReplace = arguments.GetValue(replace),
                },
                output).RunAsync(cancellationToken));
    }

    private static Command List(TextWriter output) => Make(
        "list", "List the models of the catalogue and of your own, with the pipelines that use them.", [],
        (tools, _, _) => ModelList.RunAsync(tools, output));

    private static Command Remove(TextWriter output)
    {
        var id = new Argument<string>("id") { Description = "Id of one of your own models." };
        var pipelines = new Option<bool>("--with-pipelines") { Description = "Delete the pipelines that use it too." };
        return Make(
            "remove", "Remove one of your own models with its files.", [id, pipelines],
            (tools, arguments, _) => ModelRemoval.RunAsync(
                tools, arguments.GetValue(id)!, arguments.GetValue(pipelines), output));
    }

    private static Option<string?> Text(string name, string description) => new(name) { Description = description };

    private static Command Make(
        string name, string description, IReadOnlyList<Symbol> symbols,
        Func<ModelTools, ParseResult, CancellationToken, Task<int>> run)
    {
        var command = new Command(name, description) { TreatUnmatchedTokensAsErrors = false };
        foreach (var option in symbols.OfType<Option>())
        {
            command.Add(option);
        }

        foreach (var argument in symbols.OfType<Argument>())
        {
            command.Add(argument);
        }

        command.SetAction(async (arguments, cancellationToken) =>
        {
            RefuseUnknown(arguments.UnmatchedTokens, command);
            await using var tools = ModelTools.Open([.. arguments.UnmatchedTokens]);
            return await run(tools, arguments, cancellationToken);
        });
        return command;
    }

    /// <summary>Refuses a misspelt option, which the settings would take for one of theirs.</summary>
    private static void RefuseUnknown(IReadOnlyList<string> unmatched, Command command)
    {
        foreach (var word in unmatched)
        {
            if (word.StartsWith("--", StringComparison.Ordinal) && !word.Contains(':') && !word.Contains('=')
                && word != "--" + DataDirectory.Key)
            {
                string[] known = [.. command.Options.Select(option => option.Name)];
                throw new ModelCommandException(
                    $"'{word}' is not an option of this command.{NearestNames.Question(word, known)} The options are "
                    + $"{string.Join(", ", known)}; settings look like --Device:Provider=cpu.");
            }
        }

        if (StartupArguments.ProblemIn(unmatched, Commands) is { } problem)
        {
            throw new ModelCommandException(problem);
        }
    }
}
