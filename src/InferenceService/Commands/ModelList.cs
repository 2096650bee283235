using System.Globalization;
using ForegSyte.Inference.Models;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;

namespace ForegSyte.Inference.Commands;

/// <summary>Lists the models with their pipelines.</summary>
internal static class ModelList
{
    /// <returns>0.</returns>
    public static async Task<int> RunAsync(ModelTools tools, TextWriter output)
    {
        var catalogue = ModelCatalogueReader.Read(tools.CataloguePath);
        var pipelines = tools.ReadPipelines(catalogue);
        var own = OwnModelEntries.Read(tools.OwnEntriesPath).Select(entry => entry.Id).ToHashSet();
        foreach (var model in catalogue.All)
        {
            var size = model.InputWidth > 0 && model.InputHeight > 0
                ? string.Create(CultureInfo.InvariantCulture, $"{model.InputWidth}x{model.InputHeight}")
                : "any size";
            await output.WriteLineAsync(ControlCharacters.Escape(
                $"{model.Id}: {model.Rules.Name}, {size}, {model.License}"
                + (own.Contains(model.Id) ? ", your own" : "")
                + (File.Exists(model.FilePath) ? "" : $", the file {model.FilePath} is missing")
                + Describe([
                    .. PipelinesWith(model.Id, pipelines),
                    .. catalogue.Choices.Where(choice => model.Id == choice.OnCpu || model.Id == choice.OnGpu)
                        .SelectMany(choice => PipelinesWith(choice.Id, pipelines)),
                ])));
        }

        foreach (var choice in catalogue.Choices)
        {
            await output.WriteLineAsync(ControlCharacters.Escape(
                $"{choice.Id}: {choice.OnCpu} on a CPU, {choice.OnGpu} on a GPU"
                + Describe(PipelinesWith(choice.Id, pipelines))));
        }

        return 0;
    }

    /// <summary>The pipelines that use a model.</summary>
    public static IReadOnlyList<string> PipelinesWith(string modelId, IReadOnlyList<Pipeline> pipelines) =>
    [
        .. pipelines.Where(pipeline => pipeline.Nodes.Any(node => node.Models.Values.Contains(modelId)))
            .Select(pipeline => pipeline.Id),
    ];

    private static string Describe(IReadOnlyList<string> pipelines) =>
        pipelines.Count == 0 ? ", in no pipeline" : $", in {string.Join(", ", pipelines)}";
}

/// <summary>Removes one of the user's own models.</summary>
internal static class ModelRemoval
{
    /// <returns>0 for success.</returns>
    /// <exception cref="ModelCommandException">It is not one of the user's own, or pipelines use it.</exception>
    public static async Task<int> RunAsync(ModelTools tools, string id, bool withPipelines, TextWriter output)
    {
        var catalogue = ModelCatalogueReader.Read(tools.CataloguePath);
        var own = OwnModelEntries.Read(tools.OwnEntriesPath);
        var entry = own.Find(entry => entry.Id == id) ?? throw new ModelCommandException(
            catalogue.Find(id) is null
                ? $"There is no model '{id}'. Your own models are: "
                    + $"{string.Join(", ", own.Select(known => known.Id).DefaultIfEmpty("none"))}."
                : $"The model '{id}' belongs to the catalogue {tools.CataloguePath}; only your own can be removed.");
        var pipelines = ModelList.PipelinesWith(id, tools.ReadPipelines(catalogue));
        if (pipelines.Count > 0 && !withPipelines)
        {
            throw new ModelCommandException(
                $"The model '{id}' is used by the pipelines {string.Join(", ", pipelines)}. Delete them too with "
                + "--with-pipelines, or give them another model first.");
        }

        foreach (var pipeline in pipelines)
        {
            File.Delete(Path.Combine(tools.PipelineFolder, pipeline + ".json"));
            await output.WriteLineAsync($"Removed the pipeline {pipeline}.");
        }

        OwnModelEntries.Write(tools.OwnEntriesPath, [.. own.Where(known => known.Id != id)]);
        foreach (var file in new[] { entry.File, entry.LabelsFile }.OfType<string>())
        {
            // Only files that the command has made: another entry may name a file elsewhere.
            if (Path.GetFileName(file) == file && file.StartsWith(id + ".local.", StringComparison.Ordinal))
            {
                File.Delete(Path.Combine(tools.ModelFolder, file));
            }
        }

        await output.WriteLineAsync($"Removed the model {id}. Restart the InferenceService.");
        return 0;
    }
}
