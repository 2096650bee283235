using ForegSyte.Inference.Models;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Inference.Pipelines;

/// <summary>Reads and validates a folder of pipelines.</summary>
internal static class PipelineFiles
{
    /// <summary>Most files of the folder.</summary>
    public const int MaxFiles = 100;

    /// <summary>Largest file, in bytes.</summary>
    public const int MaxFileBytes = 1024 * 1024;

    /// <summary>The pipelines, ordered by id.</summary>
    /// <exception cref="InvalidPipelinesException">The folder or a file is wrong; it lists every problem.</exception>
    public static IReadOnlyList<Pipeline> Read(string directory, ModelCatalogue models)
    {
        if (!Directory.Exists(directory))
        {
            throw new InvalidPipelinesException(
                directory, ["The folder does not exist. Set Pipelines:Directory to one that does."]);
        }

        var paths = Directory.GetFiles(directory, "*.json");
        Array.Sort(paths, StringComparer.Ordinal);
        if (paths.Length is 0 or > MaxFiles)
        {
            throw new InvalidPipelinesException(
                directory, [$"The folder has {paths.Length} files *.json; 1 to {MaxFiles} are allowed."]);
        }

        var problems = new List<string>();
        var pipelines = new List<(string File, Pipeline Pipeline)>();
        foreach (var path in paths)
        {
            var file = Path.GetFileName(path);
            if (Parse(path, file, problems) is { } pipeline)
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
            yield return $"The file has to be called {pipeline.Id}.json, after the pipeline's id.";
        }

        foreach (var problem in PipelineValidator.Check(pipeline, models))
        {
            yield return problem;
        }
    }

    private static Pipeline? Parse(string path, string file, List<string> problems)
    {
        var length = new FileInfo(path).Length;
        if (length > MaxFileBytes)
        {
            problems.Add($"{file}: It has {length} bytes; at most {MaxFileBytes} are read.");
            return null;
        }

        var text = File.ReadAllText(path);
        try
        {
            return ForegSyteJson.StrictParser.Parse<Pipeline>(text);
        }
        catch (Exception failure) when (failure is InvalidJsonException or InvalidProtocolBufferException)
        {
            problems.Add($"{file}: It is not the JSON of a pipeline: {failure.Message}");
            return null;
        }
    }
}
