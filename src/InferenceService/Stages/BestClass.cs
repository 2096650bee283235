using System.Numerics.Tensors;

namespace ForegSyte.Inference.Stages;

/// <summary>Finds the likeliest class.</summary>
internal static class BestClass
{
    /// <summary>The first class with the highest score, and the score.</summary>
    public static (int ClassId, float Score) Of(ReadOnlySpan<float> scores)
    {
        var classId = TensorPrimitives.IndexOfMax(scores);
        return (classId, scores[classId]);
    }
}
