using System.Numerics.Tensors;

namespace ForegSyte.Inference.Vision;

/// <summary>A character of a line.</summary>
/// <param name="Text">The character.</param>
/// <param name="Probability">Its probability, 0 to 1.</param>
/// <param name="Others">
/// Other readings with at least <see cref="CtcDecoder.MinimumOther"/>, most probable first; empty if the probability is
/// above <see cref="CtcDecoder.Sure"/>.
/// </param>
internal readonly record struct ReadCharacter(
    string Text, float Probability, IReadOnlyList<(string Text, float Probability)> Others)
{
    /// <summary>The probability of another reading, 0 if it is not among the others.</summary>
    public float ProbabilityOf(string text) => Others.FirstOrDefault(other => other.Text == text).Probability;

    /// <summary>The probability of the character and of all that look like it, 0 to 1.</summary>
    public float Certainty()
    {
        var text = Text;
        return Math.Min(
            1, Probability + Others.Where(other => LookAlikes.Are(text, other.Text)).Sum(other => other.Probability));
    }
}

/// <summary>What a recognizer read in a line.</summary>
/// <param name="Characters">The characters with the spaces.</param>
internal sealed record LineReading(IReadOnlyList<ReadCharacter> Characters)
{
    /// <summary>The text.</summary>
    public string Text { get; } = string.Concat(Characters.Select(character => character.Text));

    /// <summary>Mean probability of the characters; 0 for an empty text.</summary>
    public float Confidence { get; } =
        Characters.Count == 0 ? 0 : Characters.Average(character => character.Probability);

    /// <summary>
    /// Mean certainty of the characters other than spaces; 0 if there are none. Unlike the confidence it is high where
    /// only the letter O and the digit 0 cannot be told apart.
    /// </summary>
    public float Certainty { get; } = Characters
        .Where(character => !string.IsNullOrWhiteSpace(character.Text))
        .Select(character => character.Certainty())
        .DefaultIfEmpty(0)
        .Average();
}

/// <summary>
/// Greedy decoding of connectionist temporal classification (A. Graves et al., ICML 2006): takes the most probable
/// class of each step, merges repeats and drops blanks.
/// </summary>
internal static class CtcDecoder
{
    /// <summary>Class of the blank, the first one in PaddleOCR's models.</summary>
    public const int Blank = 0;

    /// <summary>Above this probability the other readings of a character are not collected.</summary>
    public const float Sure = 0.98f;

    /// <summary>Minimum probability of another reading.</summary>
    public const float MinimumOther = 0.003f;

    /// <summary>Decodes one line.</summary>
    /// <param name="probabilities">[steps, classes], normalized; there is one class per entry of the alphabet.</param>
    /// <param name="alphabet">Text of each class; the entry of the blank is ignored.</param>
    /// <param name="findsSpaces">
    /// Whether the last class is a space that is also read where the network gives the blank a higher probability
    /// (<see cref="LostSpaces"/>).
    /// </param>
    /// <exception cref="ArgumentException">The length is not a multiple of the number of classes.</exception>
    public static LineReading Decode(
        ReadOnlySpan<float> probabilities, IReadOnlyList<string> alphabet, bool findsSpaces = false)
    {
        var classes = alphabet.Count;
        if (classes == 0 || probabilities.Length % classes != 0)
        {
            throw new ArgumentException(
                $"{probabilities.Length} probabilities cannot be rows of {classes} classes.", nameof(probabilities));
        }

        var characters = new List<ReadCharacter>();
        var previous = Blank;
        var space = 0f;
        for (var start = 0; start < probabilities.Length; start += classes)
        {
            var step = probabilities.Slice(start, classes);
            var best = TensorPrimitives.IndexOfMax(step);
            space = Math.Max(space, step[^1]);
            if (best != Blank && best != previous)
            {
                var character = new ReadCharacter(alphabet[best], step[best], OthersOf(step, best, alphabet));
                if (findsSpaces && characters.Count > 0 && LostSpaces.IsBetween(characters[^1], character, space))
                {
                    // As probable as its neighbors, so that the confidence stays that of the characters.
                    var probability = Math.Min(characters[^1].Probability, character.Probability);
                    characters.Add(new ReadCharacter(" ", probability, []));
                }

                characters.Add(character);
            }

            // Only steps since the last one of the character before count.
            space = best == Blank ? space : step[^1];
            previous = best;
        }

        return new LineReading(characters);
    }

    private static List<(string Text, float Probability)> OthersOf(
        ReadOnlySpan<float> step, int best, IReadOnlyList<string> alphabet)
    {
        var others = new List<(string Text, float Probability)>();
        for (var i = Blank + 1; step[best] <= Sure && i < step.Length; i++)
        {
            if (step[i] >= MinimumOther && i != best)
            {
                others.Add((alphabet[i], step[i]));
            }
        }

        others.Sort(static (a, b) => b.Probability.CompareTo(a.Probability));
        return others;
    }
}

/// <summary>
/// Spaces that greedy decoding loses: between two characters the network often prefers the blank, but gives the space a
/// probability that it has nowhere inside words. Measured with "make accuracy" (docs/models.md).
/// </summary>
internal static class LostSpaces
{
    /// <summary>Minimum probability of the space in a step between two letters.</summary>
    public const float BetweenLetters = 0.1f;

    /// <summary>The same if one of the characters is not a letter.</summary>
    public const float BetweenOthers = 0.04f;

    /// <summary>Characters that have no space before them.</summary>
    private const string Closing = ".,:;!?)%'’-";

    /// <summary>Characters that have no space after them.</summary>
    private const string Opening = "('’-";

    /// <summary>Start of the scripts that are written without spaces.</summary>
    private const char FirstWithoutSpaces = '\u2e80';

    /// <summary>Whether a space belongs between two characters.</summary>
    /// <param name="left">The character before.</param>
    /// <param name="right">The character after.</param>
    /// <param name="space">Maximum probability of the space in the steps from one to the other.</param>
    public static bool IsBetween(in ReadCharacter left, in ReadCharacter right, float space)
    {
        if (left.Text is not [var before] || right.Text is not [var after]
            || char.IsWhiteSpace(before) || char.IsWhiteSpace(after)
            || Math.Max(before, after) >= FirstWithoutSpaces
            || Opening.Contains(before, StringComparison.Ordinal) || Closing.Contains(after, StringComparison.Ordinal)
            || (before == ':' && char.IsAsciiDigit(after)))
        {
            return false;
        }

        return space >= (char.IsLetter(before) && char.IsLetter(after) ? BetweenLetters : BetweenOthers);
    }
}
