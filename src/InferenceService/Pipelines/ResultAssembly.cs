using ForegSyte.Inference.Stages;
using ForegSyte.Inference.V1;
using ForegSyte.V1;
using Google.Protobuf;

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

    /// <summary>What else the output nodes found, for those who follow objects and find cuts.</summary>
    /// <param name="outputs">Outputs of the output nodes, in topological order.</param>
    /// <param name="result">The result that <see cref="Assemble"/> made of them.</param>
    /// <param name="signature">The frame's signature; empty if nothing finds cuts.</param>
    public static FrameObservations Observe(
        IReadOnlyList<StageOutput> outputs, PipelineResult result, ByteString signature)
    {
        var observations = new FrameObservations { Signature = signature };
        observations.Candidates.AddRange(outputs
            .SelectMany(output => output.Candidates)
            .OrderByDescending(candidate => candidate.Confidence));
        var appearances = new Dictionary<Detection, ByteString>(ReferenceEqualityComparer.Instance);
        foreach (var (detection, appearance) in outputs.SelectMany(output =>
            output.Detections.Zip(output.Appearances)))
        {
            appearances.Add(detection, appearance);
        }

        if (appearances.Count > 0)
        {
            observations.Appearances.AddRange(result.Detections.Select(detection =>
                appearances.GetValueOrDefault(detection, ByteString.Empty)));
        }

        return observations;
    }
}
