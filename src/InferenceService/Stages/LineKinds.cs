using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Stages;

/// <summary>What becomes of a region that the text detector found.</summary>
internal enum LineKind
{
    /// <summary>A line of text.</summary>
    Text,

    /// <summary>Left out: probably no text, or not legible.</summary>
    Illegible,

    /// <summary>Left out: probably a script that the recognizer does not know.</summary>
    UnsupportedScript,
}

/// <summary>
/// Tells text from what the recognizer makes of scripts that it does not know. Those give look-alikes: letters of which
/// it is less certain than of small or blurred text, capitals inside words, symbols between letters, or few characters
/// for the width of the line. docs/models.md has the measured rates.
/// </summary>
internal static class LineKinds
{
    /// <summary>Doubt of a word that has a capital after a small letter and more than one of both.</summary>
    private const float MixedCaseDoubt = 0.12f;

    /// <summary>Doubt of Greek or Cyrillic letters, or of symbols, between Latin letters.</summary>
    private const float ForeignDoubt = 0.15f;

    /// <summary>Below this doubt the line says what it says: "10 μm", "iPhone".</summary>
    private const float CertainDoubt = 0.02f;

    /// <summary>Maximum doubt of lines up to a height of <see cref="SmallHeight"/>.</summary>
    private const float SmallLimit = 0.2f;

    /// <summary>Maximum doubt of lines from <see cref="LargeHeight"/>.</summary>
    private const float LargeLimit = 0.12f;

    private const float SmallHeight = 32;
    private const float LargeHeight = 50;

    /// <summary>Minimum number of characters by which the script is judged.</summary>
    private const int MinimumCharacters = 4;

    /// <summary>Minimum number of characters of a line as wide as high; supported text has at least 1.2.</summary>
    private const float MinimumDensity = 0.5f;

    /// <summary>Number and share of unsupported lines of a frame from which the limit of its lines is lower.</summary>
    private const int ContextLines = 2;
    private const float ContextShare = 0.3f;
    private const float ContextFactor = 0.35f;

    /// <summary>
    /// A region with at least this confidence of the detector is text, also if the recognizer reads nothing.
    /// </summary>
    private const float CertainText = 0.8f;

    /// <summary>Letters whose small form is like their capital, or that are like a digit.</summary>
    private const string CaselessLetters = "cCoOsSvVwWxXzZkKpPuU";

    /// <summary>
    /// Judges the lines of a frame. If several of them are in an unknown script, the others are judged more strictly.
    /// </summary>
    /// <param name="lines">The lines, in pixels of the frame.</param>
    /// <param name="detections">Confidence of the text detector per line.</param>
    /// <param name="minimumConfidence">Minimum confidence of the recognizer; 0 keeps all that are not empty.</param>
    public static LineKind[] Of(
        IReadOnlyList<RecognizedLine> lines, IReadOnlyList<float> detections, float minimumConfidence)
    {
        if (minimumConfidence <= 0)
        {
            return [.. lines.Select(line =>
                string.IsNullOrWhiteSpace(line.Reading.Text) ? LineKind.Illegible : LineKind.Text)];
        }

        var kinds = lines.Zip(detections, (line, detection) => Of(line, detection, minimumConfidence, 1)).ToArray();
        var unsupported = kinds.Count(kind => kind == LineKind.UnsupportedScript);
        var legible = unsupported + kinds.Count(kind => kind == LineKind.Text);
        return unsupported >= ContextLines && unsupported >= ContextShare * legible
            ? [.. lines.Zip(detections, (line, detection) => Of(line, detection, minimumConfidence, ContextFactor))]
            : kinds;
    }

    private static LineKind Of(RecognizedLine line, float detection, float minimumConfidence, float strictness)
    {
        var (reading, quad) = (line.Reading, line.Quad);
        var count = reading.Characters.Count(item => !string.IsNullOrWhiteSpace(item.Text));
        var isSparse = count * quad.Height < MinimumDensity * quad.Width;
        if (isSparse && detection >= CertainText && quad.Height >= SmallHeight)
        {
            return LineKind.UnsupportedScript;
        }

        return count == 0 || reading.Confidence < minimumConfidence ? LineKind.Illegible
            : Doubt(reading.Characters) > Limit(quad.Height) * strictness ? LineKind.UnsupportedScript
            : LineKind.Text;
    }

    private static float Limit(float height) => SmallLimit - ((SmallLimit - LargeLimit)
        * (Math.Clamp(height, SmallHeight, LargeHeight) - SmallHeight) / (LargeHeight - SmallHeight));

    /// <summary>
    /// The doubt about the characters other than Chinese ones, of which similar ones are often equally probable.
    /// </summary>
    internal static float Doubt(IReadOnlyList<ReadCharacter> line)
    {
        List<ReadCharacter> characters = [.. line.Where(item => !string.IsNullOrWhiteSpace(item.Text))];
        List<ReadCharacter> judged = [.. characters.Where(item => !IsChinese(item.Text[0]))];
        if (characters.Count < MinimumCharacters || 2 * judged.Count <= characters.Count)
        {
            return 0;
        }

        var doubt = 1 - judged.Average(item => item.Certainty());
        if (doubt < CertainDoubt)
        {
            return doubt;
        }

        var hasForeign = judged.Exists(item => char.IsAsciiLetter(item.Text[0]))
            && judged.Exists(item => IsForeign(item.Text[0]));
        return doubt + (hasForeign ? ForeignDoubt : 0) + (HasMixedCase(line) ? MixedCaseDoubt : 0);
    }

    private static bool HasMixedCase(IReadOnlyList<ReadCharacter> characters)
    {
        var (small, capital, position) = (0, 0, 0);
        foreach (var letter in characters.Select(item => item.Text[0]))
        {
            if (!char.IsLetterOrDigit(letter))
            {
                (small, capital, position) = (0, 0, 0);
                continue;
            }

            var counts = !CaselessLetters.Contains(letter, StringComparison.Ordinal);
            small += counts && char.IsLower(letter) ? 1 : 0;
            capital += counts && char.IsUpper(letter) && position > 0 ? 1 : 0;
            position++;
            if (small > 0 && capital > 0)
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsChinese(char letter) => letter is >= '\u3400' and <= '\u9fff';

    /// <summary>Greek and Cyrillic letters, mathematical operators and geometric shapes.</summary>
    private static bool IsForeign(char letter) =>
        letter is (>= '\u0370' and <= '\u052f') or (>= '\u2200' and <= '\u22ff') or (>= '\u25a0' and <= '\u25ff');
}
