using ForegSyte.Inference.Stages;
using ForegSyte.V1;

namespace ForegSyte.Inference.Pipelines;

/// <summary>Combines the outputs of a frame's nodes.</summary>
internal static class ResultAssembly
{
    /// <summary>
    /// The result of one frame: the detections of all output nodes by descending confidence, the text of all output
    /// nodes node by node, and for each line the index of its detection if that detection is part of the result.
    /// </summary>
    /// <param name="outputs">Outputs of the output nodes, in topological order.</param>
    public static PipelineResult Assemble(IReadOnlyList<StageOutput> outputs)
    {
        var result = new PipelineResult();
        result.Detections.AddRange(outputs
            .SelectMany(output => output.Detections)
            .OrderByDescending(detection => detection.Confidence));
        var indexes = new Dictionary<Detection, int>(ReferenceEqualityComparer.Instance);
        foreach (var detection in result.Detections)
        {
            indexes.Add(detection, indexes.Count);
        }

        foreach (var finding in outputs.SelectMany(output => output.Texts))
        {
            if (finding.Within is not null && indexes.TryGetValue(finding.Within, out var index))
            {
                finding.Region.DetectionIndex = index;
            }

            result.TextRegions.Add(finding.Region);
        }

        result.Text = string.Join('\n', result.TextRegions.Select(region => region.Text));
        return result;
    }
}
