using ForegSyte.Inference.Models;

namespace ForegSyte.Inference.Stages;

/// <summary>Chooses the decoder of a detector's family.</summary>
internal static class DetectionDecoders
{
    /// <exception cref="ModelLoadException">The model's outputs are not those of its family.</exception>
    public static IDetectionDecoder Create(ModelSession model, int classCount) => model.Entry.Family switch
    {
        ModelFamily.NanoDet => new NanoDetDecoder(model, classCount),
        ModelFamily.CenterNet => new CenterNetDecoder(model, classCount),
        ModelFamily.YoloX => new YoloXDecoder(model, classCount),
        ModelFamily.YoloV8 => new YoloV8Decoder(model, classCount),
        _ => throw new ArgumentException($"{model.Entry.Family} is not a family of detectors.", nameof(model)),
    };
}
