using ForegSyte.Inference.Metrics;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Stages;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Tests.Stages;

/// <summary>The committed models on the CPU, loaded once per test class.</summary>
public sealed class LoadedModels : IDisposable
{
    public LoadedModels() => Sessions = Open(Path.Combine(RepositoryFiles.Data, "models", "models.json"));

    internal ModelSessions Sessions { get; }

    internal static ModelSessions Open(
        string cataloguePath, DeviceOptions? options = null, InferenceMetrics? metrics = null)
    {
        options ??= new DeviceOptions();
        options.Provider = DeviceProvider.Cpu;
        var device = new InferenceDevice(Options.Create(options), NullLogger<InferenceDevice>.Instance);
        return new ModelSessions(
            ModelCatalogueReader.Read(cataloguePath), device, NullLogger<ModelSessions>.Instance, metrics);
    }

    internal static IStage Detector(
        ModelSessions sessions, string model, Dictionary<string, double>? parameters = null,
            StageOptions? options = null)
    {
        var node = new PipelineNode { Id = "detect", Stage = "detect_objects", Models = { ["detector"] = model } };
        node.Parameters.Add((parameters ?? []).ToDictionary(
            pair => pair.Key, pair => new Parameter { DoubleValue = pair.Value }));
        return new StageFactory(sessions, Options.Create(options ?? new StageOptions())).Create(node);
    }

    internal static IStage Reader(
        ModelSessions sessions, Dictionary<string, double>? parameters = null, StageOptions? options = null,
        bool direction = false)
    {
        var node = new PipelineNode
        {
            Id = "read",
            Stage = "read_text",
            Models =
            {
                ["text_detector"] = "ppocr_v4_detection",
                ["text_recognizer"] = "ppocr_v4_recognition",
            },
        };
        if (direction)
        {
            node.Models.Add("text_direction", "ppocr_v2_direction");
        }

        node.Parameters.Add((parameters ?? []).ToDictionary(
            pair => pair.Key, pair => new Parameter { DoubleValue = pair.Value }));
        return new StageFactory(sessions, Options.Create(options ?? new StageOptions())).Create(node);
    }

    public void Dispose() => Sessions.Dispose();
}
