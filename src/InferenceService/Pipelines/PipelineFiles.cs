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

        try
        {
            var pipeline = PipelineJson.Parse(File.ReadAllText(path), out var isEarlierForm);
            if (isEarlierForm)
            {
                logger.LogWarning(
                    "Pipeline file {File} has the form of an earlier version and was converted. Write \"from_node\" "
                    + "and \"to_node\" in place of \"from\" and \"to\" in edges, and \"parameters\": "
                    + "{{\"confidence\": {{\"double_value\": 0.3}}}} in place of \"thresholds\": "
                    + "{{\"confidence\": 0.3}}",
                    file);
            }

            return pipeline;
        }
        catch (Exception failure) when (failure is InvalidJsonException or InvalidProtocolBufferException)
        {
            problems.Add($"{file}: The file is not a pipeline in JSON: {failure.Message}");
            return null;
        }
    }
}
