using System.ComponentModel.DataAnnotations;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Inference;

/// <summary>
/// The pipelines that jobs can use, read from the same files as in the InferenceService, so that SubmitVideo refuses an
/// unknown id even while no InferenceService runs. Only the InferenceService validates stages and models.
/// </summary>
internal sealed class PipelineDirectory
{
    /// <summary>Maximum number of pipelines.</summary>
    public const int MaxPipelines = 100;

    /// <summary>Maximum size of a pipeline file in bytes.</summary>
    public const int MaxFileBytes = 1 << 20;

    private readonly SortedDictionary<string, Pipeline> _pipelines = new(StringComparer.Ordinal);

    /// <summary>
    /// Reads all pipelines of a folder. The exception of an invalid one names the file and the defect.
    /// </summary>
    public PipelineDirectory(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new InvalidOperationException(
                $"The pipeline folder {folder} does not exist. Set Pipelines:Directory or DataDirectory to the folder "
                + "that holds the pipelines.");
        }

        foreach (var file in Directory.EnumerateFiles(folder, "*.json"))
        {
            var pipeline = Read(file);
            _pipelines.Add(pipeline.Id, pipeline);
        }

        if (_pipelines.Count is 0 or > MaxPipelines)
        {
            throw new InvalidOperationException(
                $"The pipeline folder {folder} holds {_pipelines.Count} pipelines; it must hold 1 to {MaxPipelines}.");
        }
    }

    /// <summary>All pipelines, ordered by id.</summary>
    public IReadOnlyCollection<Pipeline> All => _pipelines.Values;

    /// <summary>Whether a pipeline has this id.</summary>
    public bool Contains(string pipelineId) => _pipelines.ContainsKey(pipelineId);

    private static Pipeline Read(string file)
    {
        if (new FileInfo(file).Length > MaxFileBytes)
        {
            throw new InvalidOperationException(
                $"The pipeline {file} is larger than the limit of {MaxFileBytes} bytes.");
        }

        Pipeline pipeline;
        try
        {
            pipeline = PipelineJson.Parse(File.ReadAllText(file), out _);
        }
        catch (Exception exception) when (exception is InvalidProtocolBufferException or InvalidJsonException)
        {
            throw new InvalidOperationException($"The pipeline {file} cannot be read: {exception.Message}", exception);
        }

        return pipeline.Id == Path.GetFileNameWithoutExtension(file)
            ? pipeline
            : throw new InvalidOperationException(
                $"The pipeline {file} has the id \"{pipeline.Id}\"; it must be the name of the file.");
    }
}

/// <summary>The folder of the pipelines. Section "Pipelines".</summary>
internal sealed class PipelineOptions
{
    public const string Section = "Pipelines";

    /// <summary>
    /// The folder with a file {id}.json for each pipeline; a relative path starts at DataDirectory.
    /// </summary>
    /// <value>"pipelines" by default.</value>
    [Required]
    public string Directory { get; set; } = "pipelines";
}
