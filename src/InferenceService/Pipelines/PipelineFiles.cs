using System.Text.Json;
using System.Text.Json.Nodes;
using ForegSyte.Inference.Models;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Inference.Pipelines;

/// <summary>Pipelines are invalid. The message lists every problem; the service does not start.</summary>
/// <param name="directory">Folder of the pipelines.</param>
/// <param name="problems">At least one problem, each a full sentence that names its file.</param>
internal sealed class InvalidPipelinesException(string directory, IReadOnlyList<string> problems)
    : Exception($"The pipelines in {directory} are invalid:\n- {string.Join("\n- ", problems)}")
{
    /// <summary>Each problem, a full sentence.</summary>
    public IReadOnlyList<string> Problems { get; } = problems;
}

/// <summary>Reads and validates a folder of pipelines.</summary>
internal static class PipelineFiles
{
    /// <summary>Maximum number of files in the folder.</summary>
    public const int MaxFiles = 100;

    /// <summary>Maximum size of a file in bytes.</summary>
    public const int MaxFileBytes = 1024 * 1024;

    /// <summary>The pipelines, ordered by id.</summary>
    /// <param name="directory">Folder of the files.</param>
    /// <param name="models">The models that pipelines can name.</param>
    /// <param name="logger">Logs a warning for each file in the form of an earlier version.</param>
    /// <exception cref="InvalidPipelinesException">The folder or a file is invalid.</exception>
    public static IReadOnlyList<Pipeline> Read(string directory, ModelCatalogue models, ILogger logger)
    {
        if (!Directory.Exists(directory))
        {
            throw new InvalidPipelinesException(
                directory, ["The folder does not exist. Set Pipelines:Directory to an existing folder."]);
        }

        var paths = Directory.GetFiles(directory, "*.json");
        Array.Sort(paths, StringComparer.Ordinal);
        if (paths.Length is 0 or > MaxFiles)
        {
            throw new InvalidPipelinesException(
                directory, [$"The folder has {paths.Length} files *.json; it must have 1 to {MaxFiles}."]);
        }

        var problems = new List<string>();
        var pipelines = new List<(string File, Pipeline Pipeline)>();
        foreach (var path in paths)
        {
            var file = Path.GetFileName(path);
            if (Parse(path, file, problems, logger) is { } pipeline)
            {
                problems.AddRange(Check(file, pipeline, models).Select(problem => $"{file}: {problem}"));
                pipelines.Add((file, pipeline));
            }
        }

        foreach (var group in pipelines.GroupBy(item => item.Pipeline.Id).Where(group => group.Count() > 1))
        {
            var files = string.Join(", ", group.Select(item => item.File));
            problems.Add($"The pipeline id '{group.Key}' is used by more than one file: {files}.");
        }

        return problems.Count == 0
            ? [.. pipelines.Select(item => item.Pipeline).OrderBy(pipeline => pipeline.Id, StringComparer.Ordinal)]
            : throw new InvalidPipelinesException(directory, problems);
    }

    private static IEnumerable<string> Check(string file, Pipeline pipeline, ModelCatalogue models)
    {
        if (file != pipeline.Id + ".json")
        {
            yield return $"The file must be named {pipeline.Id}.json, after the id of the pipeline.";
        }

        foreach (var problem in PipelineValidator.Check(pipeline, models))
        {
            yield return problem;
        }
    }

    private static Pipeline? Parse(string path, string file, List<string> problems, ILogger logger)
    {
        var length = new FileInfo(path).Length;
        if (length > MaxFileBytes)
        {
            problems.Add($"{file}: The file has {length} bytes; the limit is {MaxFileBytes}.");
            return null;
        }

        var text = File.ReadAllText(path);
        if (EarlierPipelineForm.Convert(text) is { } converted)
        {
            logger.LogWarning(
                "Pipeline file {File} has the form of an earlier version and was converted. Write \"from_node\" and "
                + "\"to_node\" in place of \"from\" and \"to\" in edges, and \"parameters\": "
                + "{{\"confidence\": {{\"double_value\": 0.3}}}} in place of \"thresholds\": {{\"confidence\": 0.3}}",
                file);
            text = converted;
        }

        try
        {
            return ForegSyteJson.StrictParser.Parse<Pipeline>(text);
        }
        catch (Exception failure) when (failure is InvalidJsonException or InvalidProtocolBufferException)
        {
            problems.Add($"{file}: The file is not a pipeline in JSON: {failure.Message}");
            return null;
        }
    }
}

/// <summary>
/// Converts pipeline files of earlier versions: edges with "from" and "to", nodes with "thresholds" as plain numbers.
/// </summary>
internal static class EarlierPipelineForm
{
    /// <summary>The file in the present form; null if it has no field of an earlier version.</summary>
    public static string? Convert(string text)
    {
        try
        {
            if (JsonNode.Parse(text) is not JsonObject pipeline)
            {
                return null;
            }

            var isConverted = false;
            foreach (var edge in ObjectsIn(pipeline, "edges"))
            {
                isConverted |= Rename(edge, "from", "from_node", value => value);
                isConverted |= Rename(edge, "to", "to_node", value => value);
            }

            foreach (var node in ObjectsIn(pipeline, "nodes"))
            {
                isConverted |= Rename(node, "thresholds", "parameters", ToParameters);
            }

            return isConverted ? pipeline.ToJsonString() : null;
        }
        catch (Exception failure) when (failure is JsonException or ArgumentException)
        {
            // The parser of the present form reports what is wrong (ArgumentException: a key occurs twice).
            return null;
        }
    }

    private static IEnumerable<JsonObject> ObjectsIn(JsonObject pipeline, string field) =>
        pipeline[field] is JsonArray items ? items.OfType<JsonObject>() : [];

    /// <summary>
    /// Renames a field, unless the present one is there too: that is a mistake, which the parser reports.
    /// </summary>
    private static bool Rename(JsonObject owner, string name, string presentName, Func<JsonNode?, JsonNode?> convert)
    {
        if (!owner.TryGetPropertyValue(name, out var value) || owner.ContainsKey(presentName))
        {
            return false;
        }

        owner.Remove(name);
        owner.Add(presentName, convert(value));
        return true;
    }

    private static JsonNode? ToParameters(JsonNode? thresholds)
    {
        if (thresholds is not JsonObject values)
        {
            return thresholds;
        }

        var parameters = new JsonObject();
        foreach (var (name, value) in values)
        {
            parameters.Add(name, new JsonObject { ["double_value"] = value?.DeepClone() });
        }

        return parameters;
    }
}
