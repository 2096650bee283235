using ForegSyte.Protocol.Json;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Inference;

/// <summary>
/// The pipelines that a job may ask for, read from the same files as the InferenceService's, so that a wrong id is
/// refused at submit even while no InferenceService runs. Whether a pipeline's stages and models fit together is the
/// InferenceService's to check.
/// </summary>
internal sealed class PipelineDirectory
{
    /// <summary>Most pipelines that are read.</summary>
    public const int MaxPipelines = 100;

    /// <summary>Largest file that is read, in bytes.</summary>
    public const int MaxFileBytes = 1 << 20;

    private readonly SortedDictionary<string, Pipeline> _pipelines = new(StringComparer.Ordinal);

    /// <summary>
    /// Reads all pipelines of a folder. Throws InvalidOperationException that names the file and the defect.
    /// </summary>
    public PipelineDirectory(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new InvalidOperationException(
                $"The pipelines' folder {folder} does not exist. Set Pipelines:Directory, or DataDirectory, to where "
                + "they are.");
        }

        foreach (var file in Directory.EnumerateFiles(folder, "*.json"))
        {
            var pipeline = Read(file);
            _pipelines.Add(pipeline.Id, pipeline);
        }

        if (_pipelines.Count is 0 or > MaxPipelines)
        {
            throw new InvalidOperationException(
                $"{folder} holds {_pipelines.Count} pipelines; 1 to {MaxPipelines} are supported.");
        }
    }

    /// <summary>All pipelines, ordered by id.</summary>
    public IReadOnlyCollection<Pipeline> All => _pipelines.Values;

    /// <summary>Whether there is a pipeline of this id.</summary>
    public bool Contains(string pipelineId) => _pipelines.ContainsKey(pipelineId);

    private static Pipeline Read(string file)
    {
        if (new FileInfo(file).Length > MaxFileBytes)
        {
            throw new InvalidOperationException($"The pipeline {file} is larger than {MaxFileBytes} bytes.");
        }

        Pipeline pipeline;
        try
        {
            pipeline = ForegSyteJson.StrictParser.Parse<Pipeline>(File.ReadAllText(file));
        }
        catch (Exception exception) when (exception is InvalidProtocolBufferException or InvalidJsonException)
        {
            throw new InvalidOperationException($"The pipeline {file} cannot be read: {exception.Message}", exception);
        }

        return pipeline.Id == Path.GetFileNameWithoutExtension(file)
            ? pipeline
            : throw new InvalidOperationException(
                $"The pipeline {file} has the id \"{pipeline.Id}\"; it has to be the file's name.");
    }
}
