using System.Collections.Frozen;
using System.ComponentModel.DataAnnotations;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Inference;

/// <summary>
/// The pipelines that jobs can use, read from the same files as in the InferenceService, so that SubmitVideo refuses an
/// unknown id even while no InferenceService runs. Only the InferenceServices validate stages and models; they tell the
/// versions and labels of the pipelines. Thread-safe.
/// </summary>
internal sealed class PipelineDirectory
{
    /// <summary>Maximum number of pipelines.</summary>
    public const int MaxPipelines = 100;

    /// <summary>Maximum size of a pipeline file in bytes.</summary>
    public const int MaxFileBytes = 1 << 20;

    private readonly SortedDictionary<string, Pipeline> _files = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <summary>What each InferenceService says about its pipelines, by address and pipeline id.</summary>
    private readonly Dictionary<Uri, Dictionary<string, Pipeline>> _learned = [];

    /// <summary>The pipelines of the files with what is learned, replaced as a whole.</summary>
    private volatile FrozenDictionary<string, Pipeline> _pipelines;

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
            _files.Add(pipeline.Id, pipeline);
        }

        if (_files.Count is 0 or > MaxPipelines)
        {
            throw new InvalidOperationException(
                $"The pipeline folder {folder} holds {_files.Count} pipelines; it must hold 1 to {MaxPipelines}.");
        }

        _pipelines = _files.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>All pipelines, ordered by id; must not be modified.</summary>
    public IReadOnlyCollection<Pipeline> All
    {
        get
        {
            var pipelines = _pipelines;
            return [.. _files.Keys.Select(id => pipelines[id])];
        }
    }

    /// <summary>Whether a pipeline has this id.</summary>
    public bool Contains(string pipelineId) => _files.ContainsKey(pipelineId);

    /// <summary>
    /// <see cref="Pipeline.Version"/> of a pipeline; null if no InferenceService has told it yet, or if they differ.
    /// </summary>
    public string? VersionOf(string pipelineId) =>
        _pipelines.GetValueOrDefault(pipelineId)?.Version is { Length: > 0 } version ? version : null;

    /// <summary>The class names that a pipeline can find; null if they are as unknown as its version.</summary>
    public IReadOnlyList<string>? LabelsOf(string pipelineId) =>
        VersionOf(pipelineId) is null ? null : _pipelines[pipelineId].Labels;

    /// <summary>Records what an InferenceService says about its pipelines.</summary>
    public void Learn(Uri address, IEnumerable<Pipeline> pipelines)
    {
        lock (_lock)
        {
            _learned[address] = pipelines.Where(pipeline => _files.ContainsKey(pipeline.Id))
                .DistinctBy(pipeline => pipeline.Id).ToDictionary(pipeline => pipeline.Id);
            UpdateLocked();
        }
    }

    /// <summary>Forgets an InferenceService that no longer serves, unless no other one is known.</summary>
    public void Forget(Uri address)
    {
        lock (_lock)
        {
            if (_learned.Count > 1 && _learned.Remove(address))
            {
                UpdateLocked();
            }
        }
    }

    private void UpdateLocked() => _pipelines = _files.Values.Select(Complete)
        .ToFrozenDictionary(pipeline => pipeline.Id, StringComparer.Ordinal);

    private Pipeline Complete(Pipeline file)
    {
        var complete = file.Clone();
        var told = _learned.Values.Select(pipelines => pipelines.GetValueOrDefault(file.Id)).ToList();
        if (told is [{ } first, ..] && told.TrueForAll(other => other?.Version == first.Version))
        {
            complete.Version = first.Version;
            complete.Labels.Add(first.Labels);
        }

        return complete;
    }

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
