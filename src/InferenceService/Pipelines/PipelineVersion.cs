using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Stages;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;
using Google.Protobuf.Collections;

namespace ForegSyte.Inference.Pipelines;

/// <summary>Computes <see cref="Pipeline.Version"/>.</summary>
internal static class PipelineVersion
{
    /// <summary>Counts changes of the code that change results; raise it with the golden results.</summary>
    private const int ResultsRevision = 1;

    /// <summary>
    /// SHA-256 of everything that decides the results of a frame: the pipeline's canonical JSON without its description
    /// and output fields, its models with their files, inputs, labels and thresholds, and the settings of the stages.
    /// </summary>
    /// <param name="pipeline">A valid pipeline.</param>
    /// <param name="models">The catalogue; its models have the hashes that it says, because they are loaded.</param>
    /// <param name="options">The settings of the stages.</param>
    public static string Of(Pipeline pipeline, ModelCatalogue models, StageOptions options)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"foregsyte pipeline {ResultsRevision}\n");
        text.Append(ForegSyteJson.Formatter.Format(Canonical(pipeline))).Append('\n');
        foreach (var id in pipeline.Nodes.SelectMany(node => node.Models.Values).Distinct()
            .Order(StringComparer.Ordinal))
        {
            var model = models.Find(id)
                ?? throw new ArgumentException($"The model '{id}' is unknown.", nameof(pipeline));
            text.Append(
                CultureInfo.InvariantCulture,
                $"model {id} {model.Sha256} {model.Rules.Name} {model.InputWidth}x{model.InputHeight} ");
            text.Append(model.LabelsPath is null ? "-" : Hash(string.Join('\n', LabelList.Read(model)))).Append('\n');
            foreach (var (name, value) in model.Thresholds.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            {
                text.Append(CultureInfo.InvariantCulture, $"threshold {name} {value:R}\n");
            }

            foreach (var (label, value) in model.LabelConfidence.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            {
                text.Append(CultureInfo.InvariantCulture, $"label {label} {value:R}\n");
            }
        }

        text.Append(
            CultureInfo.InvariantCulture,
            $"stages {options.DetectionCandidates} {options.DetectionsPerFrame} {options.TextMaxSide} ");
        text.Append(
            CultureInfo.InvariantCulture,
            $"{options.TextLinesPerFrame} {options.TextLinesPerBatch} {options.TextLineMaxWidth} ");
        text.Append(
            CultureInfo.InvariantCulture, $"{options.TextLineMaxWindows} {options.TextChangeThreshold}\n");
        return Hash(text.ToString());
    }

    /// <summary>The pipeline without what changes no result, its maps in the order of their keys.</summary>
    private static Pipeline Canonical(Pipeline pipeline)
    {
        var canonical = pipeline.Clone();
        canonical.Description = "";
        canonical.Version = "";
        canonical.Labels.Clear();
        foreach (var node in canonical.Nodes)
        {
            Sort(node.Models);
            Sort(node.Parameters);
        }

        Sort(canonical.Tracking?.Objects?.Parameters);
        Sort(canonical.Tracking?.Texts?.Parameters);
        Sort(canonical.Tracking?.Shots?.Parameters);
        return canonical;
    }

    private static void Sort<T>(MapField<string, T>? map)
    {
        KeyValuePair<string, T>[] pairs = [.. (map ?? []).OrderBy(pair => pair.Key, StringComparer.Ordinal)];
        map?.Clear();
        foreach (var (key, value) in pairs)
        {
            map!.Add(key, value);
        }
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
