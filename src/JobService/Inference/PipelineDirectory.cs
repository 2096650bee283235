using System.ComponentModel.DataAnnotations;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Inference;

/// <summary>
/// The pipelines that jobs can use. The InferenceServices tell which they have, with versions and labels; a pipeline
/// that none has any more is gone. Until one has told, the pipelines are those of the files at the start, so that
/// SubmitVideo refuses an unknown id even while no InferenceService runs. Thread-safe.
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
    private readonly Dictionary<Uri, Told> _told = [];

    /// <summary>The pipelines, ordered by id; replaced as a whole.</summary>
    private volatile IReadOnlyList<Pipeline> _pipelines;

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

        _pipelines = [.. _files.Values];
    }

    /// <summary>All pipelines, ordered by id; must not be modified.</summary>
    public IReadOnlyList<Pipeline> All => _pipelines;

    /// <summary>Whether a pipeline has this id.</summary>
    public bool Contains(string pipelineId) => Find(pipelineId) is not null;

    /// <summary>
    /// <see cref="Pipeline.Version"/> of a pipeline; null if no InferenceService has told it yet, or if they differ.
    /// </summary>
    public string? VersionOf(string pipelineId) =>
        Find(pipelineId)?.Version is { Length: > 0 } version ? version : null;

    /// <summary>The class names that a pipeline can find; null if they are as unknown as its version.</summary>
    public IReadOnlyList<string>? LabelsOf(string pipelineId) =>
        Find(pipelineId) is { Version.Length: > 0 } pipeline ? pipeline.Labels : null;

    /// <summary>Whether an InferenceService has told its pipelines and this one is not among them.</summary>
    public bool Lacks(Uri address, string pipelineId)
    {
        lock (_lock)
        {
            return _told.TryGetValue(address, out var told) && told.Pipelines.Count > 0
                && !told.Pipelines.ContainsKey(pipelineId);
        }
    }

    /// <summary>Records what an InferenceService says about its pipelines.</summary>
    /// <returns>True if the ids in <see cref="All"/> changed.</returns>
    public bool Learn(Uri address, IEnumerable<Pipeline> pipelines)
    {
        lock (_lock)
        {
            var before = _pipelines;
            _told[address] = new Told(
                pipelines.DistinctBy(pipeline => pipeline.Id).ToDictionary(pipeline => pipeline.Id), IsServing: true);
            UpdateLocked();
            return !before.Select(pipeline => pipeline.Id).SequenceEqual(_pipelines.Select(pipeline => pipeline.Id));
        }
    }

    /// <summary>
    /// Records that an InferenceService does not serve. Its pipelines stay, because it can return; those that serve
    /// decide about versions and labels.
    /// </summary>
    public void SetAside(Uri address)
    {
        lock (_lock)
        {
            if (_told.TryGetValue(address, out var told) && told.IsServing)
            {
                _told[address] = told with { IsServing = false };
                UpdateLocked();
            }
        }
    }

    /// <summary>Forgets an InferenceService that left, unless no other one is known.</summary>
    public void Forget(Uri address)
    {
        lock (_lock)
        {
            if (_told.Count > 1 && _told.Remove(address))
            {
                UpdateLocked();
            }
        }
    }

    private Pipeline? Find(string pipelineId) =>
        _pipelines.FirstOrDefault(pipeline => pipeline.Id == pipelineId);

    private void UpdateLocked()
    {
        var agreed = _told.Values
            .SelectMany(told => told.Pipelines.Values.Select(pipeline => (Pipeline: pipeline, told.IsServing)))
            .GroupBy(item => item.Pipeline.Id, StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => Agreed([.. group]))
            .ToList();
        _pipelines = agreed.Count > 0 ? agreed : [.. _files.Values];
    }

    /// <summary>
    /// What the InferenceServices that serve a pipeline say about it; without version and labels if they differ. If
    /// none serves it, what those say that had it.
    /// </summary>
    private Pipeline Agreed(List<(Pipeline Pipeline, bool IsServing)> all)
    {
        var served = all.Exists(item => item.IsServing) ? all.Where(item => item.IsServing) : all;
        var told = served.Select(item => item.Pipeline).ToList();
        if (told.TrueForAll(other => other.Version == told[0].Version))
        {
            return told[0];
        }

        var pipeline = _files.GetValueOrDefault(told[0].Id, told[0]).Clone();
        pipeline.Version = "";
        pipeline.Labels.Clear();
        return pipeline;
    }

    /// <summary>The pipelines of an InferenceService by id.</summary>
    private sealed record Told(IReadOnlyDictionary<string, Pipeline> Pipelines, bool IsServing);

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
