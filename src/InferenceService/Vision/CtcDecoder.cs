using System.Numerics.Tensors;
using System.Text;

namespace ForegSyte.Inference.Vision;

/// <summary>
/// Greedy decoding of connectionist temporal classification (A. Graves et al., ICML 2006): the likeliest class of each
/// step, repeats merged, blanks dropped.
/// </summary>
internal static class CtcDecoder
{
    /// <summary>Class of the blank, first in PaddleOCR's models.</summary>
    public const int Blank = 0;

    /// <summary>Reads one line.</summary>
    /// <param name="probabilities">[steps, classes], already normalised; classes is the length of the alphabet.</param>
    /// <param name="alphabet">Text of each class; that of the blank is not used.</param>
    /// <returns>The text, and the mean probability of its characters, 0 for an empty text.</returns>
    public static (string Text, float Confidence) Decode(
        ReadOnlySpan<float> probabilities, IReadOnlyList<string> alphabet)
    {
        var classes = alphabet.Count;
        if (classes == 0 || probabilities.Length % classes != 0)
        {
            throw new ArgumentException(
                $"{probabilities.Length} probabilities are not rows of {classes} classes.", nameof(probabilities));
        }

        var text = new StringBuilder();
        var sum = 0f;
        var count = 0;
        var previous = Blank;
        for (var start = 0; start < probabilities.Length; start += classes)
        {
            var step = probabilities.Slice(start, classes);
            var best = TensorPrimitives.IndexOfMax(step);
            if (best != Blank && best != previous)
            {
                text.Append(alphabet[best]);
                sum += step[best];
                count++;
            }

            previous = best;
        }

        return (text.ToString(), count == 0 ? 0 : sum / count);
    }
}
