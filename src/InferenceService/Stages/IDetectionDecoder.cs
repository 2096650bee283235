using ForegSyte.Inference.Models;
using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Stages;

/// <summary>Makes the input of one family of detectors and reads its output.</summary>
internal interface IDetectionDecoder
{
    /// <summary>How pixels become the input.</summary>
    TensorFormat Format { get; }

    /// <summary>How the frame is fitted into the input.</summary>
    ImagePlacement Placement { get; }

    /// <summary>8-bit grey of what the frame does not cover.</summary>
    byte Padding { get; }

    /// <summary>
    /// Adds the boxes, in pixels of the input and before suppression, whose confidence is at least
    /// <paramref name="confidence"/>.
    /// </summary>
    void Decode(ModelOutputs outputs, float confidence, List<ScoredBox> boxes);
}
