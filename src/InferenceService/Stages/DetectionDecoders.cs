using ForegSyte.Inference.Models;
using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Stages;

/// <summary>Input format and output decoding of one detector family.</summary>
internal interface IDetectionDecoder
{
    /// <summary>Conversion of pixels to input values.</summary>
    TensorFormat Format { get; }

    /// <summary>How the frame is fitted into the input.</summary>
    ImagePlacement Placement { get; }

    /// <summary>8-bit gray level of the area outside the frame.</summary>
    byte Padding { get; }

    /// <summary>
    /// Adds the boxes whose confidence is at least <paramref name="confidence"/>, in input pixels and before
    /// suppression.
    /// </summary>
    /// <param name="outputs">Outputs of the model.</param>
    /// <param name="input">Width and height of the input in pixels.</param>
    /// <param name="confidence">Minimum confidence.</param>
    /// <param name="boxes">Receives the boxes.</param>
    void Decode(ModelOutputs outputs, (int Width, int Height) input, float confidence, List<ScoredBox> boxes);
}

/// <summary>
/// Creates the decoder of a detector family. To add a family: implement <see cref="IDetectionDecoder"/>, add a line
/// here, and add its rules to <see cref="FamilyRules.ByName"/>.
/// </summary>
internal static class DetectionDecoders
{
    /// <exception cref="ModelLoadException">The outputs of the model do not match its family.</exception>
    public static IDetectionDecoder Create(ModelSession model, int classCount) => model.Entry.Family switch
    {
        ModelFamily.NanoDet => new NanoDetDecoder(model, classCount),
        ModelFamily.CenterNet => new CenterNetDecoder(model, classCount),
        ModelFamily.YoloX => new YoloXDecoder(model, classCount),
        ModelFamily.YoloV8 => new YoloV8Decoder(model, classCount),
        ModelFamily.RtDetr => new RtDetrDecoder(model, classCount),
        ModelFamily.RtDetrUltralytics => new RtDetrUltralyticsDecoder(model, classCount),
        _ => throw new ArgumentException($"{model.Entry.Family} is not a detector family.", nameof(model)),
    };
}
