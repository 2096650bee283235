using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Pipelines;
using ForegSyte.Inference.Stages;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;

namespace ForegSyte.Inference.Commands;

/// <summary>What the user asks for; null where the command finds it out.</summary>
/// <param name="Path">Absolute path of the ONNX file.</param>
internal sealed record ModelAdditionRequest(string Path)
{
    public string? Id { get; init; }

    public string? LabelsPath { get; init; }

    public string? License { get; init; }

    public string? Source { get; init; }

    public string? Family { get; init; }

    /// <summary>Size of the input: "640" or "640x384".</summary>
    public string? Size { get; init; }

    public string? PipelineId { get; init; }

    /// <summary>Pipeline whose detector is replaced in the new one; null for detection alone.</summary>
    public string? Like { get; init; }

    /// <summary>Picture or video on which the model runs.</summary>
    public string? SamplePath { get; init; }

    public double SampleSeconds { get; init; }

    public string? PicturePath { get; init; }

    public bool MayReplace { get; init; }
}

/// <summary>
/// Adds a model: recognizes it, checks it and its pipeline as the start of the service does, and only then writes the
/// files: the model and its labels, the entry, and last the pipeline that names it.
/// </summary>
internal sealed partial class ModelAddition(ModelTools tools, ModelAdditionRequest request, TextWriter output)
{
    private const int MaxIdLength = 63;
    private const int ShownLabels = 8;

    private static readonly JsonFormatter PipelineFormatter = new(
        JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true).WithIndentation());

    /// <summary>Runs the command.</summary>
    /// <returns>0 for success.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var catalogue = ModelCatalogueReader.Read(tools.CataloguePath);
        var pipelines = tools.ReadPipelines(catalogue);
        using var file = ModelFile.Open(request.Path);
        await PrintFileAsync(file);
        var id = request.Id ?? IdOf(request.Path);
        var own = OwnModelEntries.Read(tools.OwnEntriesPath);
        CheckId(id, catalogue, own);
        var entry = Recognize(file, id, out var labels);
        await PrintAsync(
            $"Family {entry.Family}, {entry.Input!.Width}x{entry.Input.Height}, {labels.Count} classes: "
            + string.Join(", ", labels.Take(ShownLabels)) + (labels.Count > ShownLabels ? ", …" : ""));

        var pipeline = PipelineOf(id, pipelines);
        var mustWritePipeline = !IsKept(pipeline, id, pipelines);
        await CheckAsync(entry, labels, pipeline, catalogue, cancellationToken);

        Write(file, entry, labels, own);
        await PrintAsync(
            $"Added the model {id} to {tools.OwnEntriesPath} (file {entry.File}, SHA-256 {entry.Sha256}).");
        if (mustWritePipeline)
        {
            var path = Path.Combine(tools.PipelineFolder, pipeline.Id + ".json");
            WriteFile(path, System.Text.Encoding.UTF8.GetBytes(PipelineFormatter.Format(pipeline) + "\n"));
            await PrintAsync($"Added the pipeline {pipeline.Id} ({path}).");
        }

        await PrintAsync(
            "Restart the InferenceService to use it; the JobService learns the pipeline from it. Then: "
            + $"foregsyte analyze VIDEO --pipeline {pipeline.Id}");
        return 0;
    }

    /// <summary>An id from the name of a file: lower-case letters, digits and _, a letter first.</summary>
    internal static string IdOf(string path)
    {
        var name = Path.GetFileNameWithoutExtension(path).ToLowerInvariant();
        var id = OtherCharacters().Replace(name, "_").Trim('_');
        id = id.Length > 0 && char.IsAsciiLetterLower(id[0]) ? id : $"model_{id}".TrimEnd('_');
        return id.Length <= MaxIdLength ? id : id[..MaxIdLength];
    }

    /// <summary>A size as a user writes it: "640" or "640x384".</summary>
    /// <exception cref="ModelCommandException">It has another form.</exception>
    internal static (int Width, int Height) ParseSize(string text)
    {
        var match = SizeForm().Match(text);
        var width = match.Success ? int.Parse(match.Groups["width"].Value, CultureInfo.InvariantCulture) : 0;
        var height = match.Groups["height"].Success
            ? int.Parse(match.Groups["height"].Value, CultureInfo.InvariantCulture)
            : width;
        return width is >= 1 and <= ModelCatalogueReader.MaxInputSide
            && height is >= 1 and <= ModelCatalogueReader.MaxInputSide
                ? (width, height)
                : throw new ModelCommandException(
                    $"The size '{text}' must be a number of pixels, such as 640, or width and height, such as 640x384, "
                    + $"at most {ModelCatalogueReader.MaxInputSide} each.");
    }

    private void CheckId(string id, ModelCatalogue catalogue, List<ModelEntryDocument> own)
    {
        if (!PipelineValidator.IsId(id))
        {
            throw new ModelCommandException(
                $"The id '{id}' must be a lower-case letter followed by at most 62 of a-z, 0-9 and _. Choose it with "
                + "--id.");
        }

        if (catalogue.Find(id) is not null && !(request.MayReplace && own.Exists(entry => entry.Id == id)))
        {
            throw new ModelCommandException(
                own.Exists(entry => entry.Id == id)
                    ? $"You have a model '{id}' already. Replace it with --replace, or choose another id with --id."
                    : $"The catalogue has a model '{id}' already. Choose another id with --id.");
        }
    }

    private ModelEntryDocument Recognize(ModelFile file, string id, out IReadOnlyList<string> labels)
    {
        RefuseOtherTask(file);
        RefuseOtherInput(file);
        var (width, height) = InputSize(file);
        var named = request.LabelsPath is { } path ? ModelLabels.Read(path) : ModelLabels.Of(file.Metadata);
        var outputs = file.RunOnGray(width, height)
            .Select(output => new RunOutput(output.Shape.Name, output.Shape.Sizes, output.Values))
            .ToList();
        var layout = ModelLayout.Of(file.Inputs, outputs, width, height, named?.Count, request.Family);
        labels = ModelLabels.Require(
            named, layout.ClassCount, request.LabelsPath ?? "the metadata of the model", tools.ModelFolder);
        return new ModelEntryDocument
        {
            Id = id,
            Family = layout.Family,
            File = id + ".local.onnx",
            Sha256 = Convert.ToHexStringLower(SHA256.HashData(file.Bytes.Span)),
            License = request.License is { Length: > 0 } license ? license : throw NoLicense(file),
            Source = request.Source ?? SourceOf(file),
            Input = new ModelEntryDocument.InputDocument { Width = width, Height = height },
            LabelsFile = id + ".local.names",
        };
    }

    private static void RefuseOtherTask(ModelFile file)
    {
        if (file.Metadata.GetValueOrDefault("task") is { Length: > 0 } task && task != "detect")
        {
            throw new ModelCommandException(
                $"The model is for the task '{task}' by its metadata. Only detectors (task 'detect') can be added.");
        }
    }

    private static void RefuseOtherInput(ModelFile file)
    {
        if (file.Inputs.FirstOrDefault(input => input.Shape.Sizes.Count == 4) is not { } image)
        {
            throw new ModelCommandException(
                $"The model has no image as input: {string.Join(", ", file.Inputs)}. A detector has one of four "
                + "dimensions, such as [1, 3, 640, 640].");
        }

        if (image.Type != ModelTensor.Float)
        {
            throw new ModelCommandException(
                $"The input {image} must have 32-bit floats. Export the model with half=False and int8=False, or with "
                + "16-bit weights behind a 32-bit input.");
        }

        if (image.Shape.Sizes[0] > 1)
        {
            throw new ModelCommandException(
                $"The input {image} takes {image.Shape.Sizes[0]} images at once. Export it with batch=1 or "
                + "dynamic=True.");
        }
    }

    /// <summary>The size of the input: that of the file, of Ultralytics' metadata, or of the user.</summary>
    private (int Width, int Height) InputSize(ModelFile file)
    {
        var sizes = file.Inputs.First(input => input.Shape.Sizes.Count == 4).Shape.Sizes;
        var (height, width) = sizes[3] == 3 ? (sizes[1], sizes[2]) : (sizes[2], sizes[3]);
        var wanted = request.Size is { } text ? ParseSize(text) : ((int Width, int Height)?)null;
        if (width > 0 && height > 0)
        {
            return wanted is null || wanted == (width, height)
                ? (width, height)
                : throw new ModelCommandException(
                    $"--size is {request.Size}, but the file is made for {width}x{height}. Leave --size out, or export "
                    + "the model with another size or with dynamic=True.");
        }

        return wanted ?? TrainedSize(file.Metadata) ?? throw new ModelCommandException(
            $"The input {file.Inputs[0]} accepts any size (-1), so give the one for which the model was trained: "
            + "--size 640, or --size 640x384 for width and height.");
    }

    /// <summary>Ultralytics' imgsz: "[height, width]".</summary>
    private static (int Width, int Height)? TrainedSize(IReadOnlyDictionary<string, string> metadata) =>
        TrainedSizeForm().Match(metadata.GetValueOrDefault("imgsz", "")) is { Success: true } match
            ? (int.Parse(match.Groups["width"].Value, CultureInfo.InvariantCulture),
                int.Parse(match.Groups["height"].Value, CultureInfo.InvariantCulture))
            : null;

    private static ModelCommandException NoLicense(ModelFile file) => new(
        "State the license of the weights with --license, for example --license Apache-2.0."
        + (file.Metadata.GetValueOrDefault("license") is { Length: > 0 } stated
            ? $" The file says: {stated}. Ultralytics' own weights are AGPL-3.0-only."
            : " Ask whoever trained them if you do not know it."));

    private string SourceOf(ModelFile file) =>
        $"{Path.GetFileName(request.Path)}"
        + (file.Metadata.GetValueOrDefault("description") is { Length: > 0 } description ? $", {description}" : "");

    /// <summary>The new pipeline: detection alone, or another pipeline with this detector.</summary>
    private Pipeline PipelineOf(string modelId, IReadOnlyList<Pipeline> pipelines)
    {
        var pipelineId = request.PipelineId ?? modelId;
        if (request.Like is null)
        {
            return new Pipeline
            {
                Id = pipelineId,
                Description = $"Detects objects with {modelId}.",
                Nodes =
                {
                    new PipelineNode
                    {
                        Id = "detect",
                        Stage = StageKind.DetectObjectsName,
                        Models = { [StageKind.DetectorRole] = modelId },
                    },
                },
                EntryNodes = { "detect" },
                OutputNodes = { "detect" },
                Tracking = new Tracking { Objects = new ObjectTracking(), Shots = new ShotDetection() },
            };
        }

        var pipeline = pipelines.FirstOrDefault(known => known.Id == request.Like)?.Clone()
            ?? throw new ModelCommandException(
                $"There is no pipeline '{request.Like}'. The pipelines are "
                + $"{string.Join(", ", pipelines.Select(known => known.Id))}.");
        var detectors = pipeline.Nodes.Where(node => node.Stage == StageKind.DetectObjectsName).ToList();
        if (detectors.Count == 0)
        {
            throw new ModelCommandException($"The pipeline '{request.Like}' has no detector to replace.");
        }

        // The thresholds of the node were chosen for its model.
        detectors.ForEach(node => node.Parameters.Clear());
        detectors.ForEach(node => node.Models[StageKind.DetectorRole] = modelId);
        pipeline.Id = pipelineId;
        pipeline.Description = $"{request.Like} with the detector {modelId}.";
        return pipeline;
    }

    /// <summary>Whether the pipeline exists and stays as it is, because a replaced model keeps its pipeline.</summary>
    private bool IsKept(Pipeline pipeline, string modelId, IReadOnlyList<Pipeline> pipelines)
    {
        if (pipelines.FirstOrDefault(known => known.Id == pipeline.Id) is not { } existing)
        {
            return false;
        }

        var isKept = request.MayReplace && existing.Nodes.Any(node => node.Models.Values.Contains(modelId));
        return isKept ? isKept : throw new ModelCommandException(
            $"There is a pipeline '{pipeline.Id}' already. Choose another id for the new one with --pipeline.");
    }

    /// <summary>Checks entry and pipeline, loads the model, and runs the pipeline on gray and on the sample.</summary>
    private async Task CheckAsync(
        ModelEntryDocument entry, IReadOnlyList<string> labels, Pipeline pipeline, ModelCatalogue catalogue,
        CancellationToken cancellationToken)
    {
        var labelsPath = Path.GetTempFileName();
        try
        {
            await File.WriteAllLinesAsync(labelsPath, labels, cancellationToken);
            var problems = new List<string>();
            var added = ModelCatalogueReader.Parse(
                OwnModelEntries.ToJson([entry with { File = request.Path, LabelsFile = labelsPath }]),
                tools.ModelFolder, problems);
            if (problems.Count > 0)
            {
                throw new ModelCommandException(string.Join(' ', problems));
            }

            var models = catalogue.With(added);
            if (PipelineValidator.Check(pipeline, models) is { Count: > 0 } defects)
            {
                throw new ModelCommandException($"The pipeline '{pipeline.Id}': {string.Join(' ', defects)}");
            }

            using var sessions = new ModelSessions(models, tools.Device, NullLogger<ModelSessions>.Instance);
            var stages = new StageFactory(sessions, tools.Stages);
            var compiled = CompiledPipeline.Create(pipeline, node => stages.Create(node));
            sessions.WarmUp(cancellationToken);
            await PipelineWarmUp.RunOnceAsync(compiled, cancellationToken);
            if (request.SamplePath is { } sample)
            {
                await new ModelTrial(tools, compiled, output).RunAsync(
                    Path.GetFullPath(sample), request.SampleSeconds,
                    Path.GetFullPath(request.PicturePath ?? entry.Id + ".jpg"), cancellationToken);
            }
        }
        finally
        {
            File.Delete(labelsPath);
        }
    }

    private void Write(
        ModelFile file, ModelEntryDocument entry, IReadOnlyList<string> labels, List<ModelEntryDocument> own)
    {
        WriteFile(Path.Combine(tools.ModelFolder, entry.File!), file.Bytes.Span);
        WriteFile(
            Path.Combine(tools.ModelFolder, entry.LabelsFile!),
            System.Text.Encoding.UTF8.GetBytes(string.Join('\n', labels) + "\n"));
        OwnModelEntries.Write(tools.OwnEntriesPath, [.. own.Where(known => known.Id != entry.Id), entry]);
    }

    /// <summary>Replaces a file as a whole.</summary>
    private static void WriteFile(string path, ReadOnlySpan<byte> content)
    {
        var next = path + ".tmp";
        File.WriteAllBytes(next, content);
        File.Move(next, path, overwrite: true);
    }

    private Task PrintFileAsync(ModelFile file) => PrintAsync(
        $"{Path.GetFileName(request.Path)}: inputs {string.Join(", ", file.Inputs)}; outputs "
        + string.Join(", ", file.Outputs)
        + (file.Metadata.GetValueOrDefault("description") is { Length: > 0 } description ? $"; {description}" : "")
        + (file.Producer.Length > 0 ? $"; made by {file.Producer}" : ""));

    private Task PrintAsync(string line) => output.WriteLineAsync(ControlCharacters.Escape(line));

    [GeneratedRegex("[^a-z0-9_]+")]
    private static partial Regex OtherCharacters();

    [GeneratedRegex(@"^(?<width>[0-9]{1,5})(x(?<height>[0-9]{1,5}))?\z")]
    private static partial Regex SizeForm();

    [GeneratedRegex(@"^\[(?<height>[0-9]{1,5}), (?<width>[0-9]{1,5})\]\z")]
    private static partial Regex TrainedSizeForm();
}
