namespace ForegSyte.Accuracy.Text;

/// <summary>A labeled line of text.</summary>
/// <param name="Frame">Index of the frame.</param>
/// <param name="Text">Its characters.</param>
/// <param name="Top">Upper edge of the band of the image that contains only this line, in pixels.</param>
/// <param name="Bottom">Lower edge of the band.</param>
/// <param name="Left">Left edge of the band.</param>
/// <param name="Right">Right edge of the band.</param>
internal sealed record LabeledLine(
    int Frame, string Text, double Top, double Bottom, double Left = 0, double Right = double.PositiveInfinity)
{
    /// <summary>Whether the center of a recognized line lies in the band.</summary>
    public bool Contains(FoundLine line) => line.Frame == Frame && line.CenterY >= Top && line.CenterY < Bottom
        && line.CenterX >= Left && line.CenterX < Right;
}

/// <summary>A recognized line of text.</summary>
/// <param name="Frame">Index of the frame.</param>
/// <param name="Text">Its characters.</param>
/// <param name="Left">Its left edge in pixels.</param>
/// <param name="CenterY">Its center in pixels from the top.</param>
/// <param name="Confidence">0 to 1.</param>
/// <param name="Right">Its right edge in pixels; the left edge if it is less.</param>
internal sealed record FoundLine(
    int Frame, string Text, double Left, double CenterY, double Confidence, double Right = 0)
{
    /// <summary>Its center in pixels from the left.</summary>
    public double CenterX => (Left + Math.Max(Left, Right)) / 2;
}

/// <summary>Accuracy of text recognition.</summary>
/// <param name="Lines">Number of labeled lines.</param>
/// <param name="Exact">Lines read as one line with the same characters.</param>
/// <param name="ExactButSpaces">Further lines that are correct except for spaces.</param>
/// <param name="LostSpaces">Those of them with too few spaces; the others have too many.</param>
/// <param name="Characters">Number of characters of the labeled lines.</param>
/// <param name="Edits">Edit distance between the recognized and the labeled text.</param>
/// <param name="Elsewhere">Lines read outside the bands of the labels.</param>
/// <param name="Mistakes">Descriptions of the lines that are not exact.</param>
internal sealed record TextScore(
    int Lines, int Exact, int ExactButSpaces, int LostSpaces, int Characters, int Edits, int Elsewhere,
    IReadOnlyList<string> Mistakes)
{
    /// <summary>Edits divided by characters: 0 if all lines are exact, 1 or more if none is read.</summary>
    public double CharacterErrorRate => Characters == 0 ? 0 : (double)Edits / Characters;

    /// <summary>
    /// Scores lines. Lines read in the band of a label belong to it. Several parts are joined with spaces for the edit
    /// distance and do not count as exact.
    /// </summary>
    public static TextScore Of(IReadOnlyCollection<FoundLine> found, IReadOnlyCollection<LabeledLine> labels)
    {
        var (exact, butSpaces, lost, edits, within) = (0, 0, 0, 0, 0);
        var mistakes = new List<string>();
        foreach (var label in labels)
        {
            var parts = found
                .Where(label.Contains)
                .OrderBy(line => line.Left)
                .Select(line => line.Text)
                .ToList();
            var text = string.Join(' ', parts);
            var isExact = parts.Count == 1 && text == label.Text;
            within += parts.Count;
            edits += EditDistance.Between(text, label.Text);
            exact += isExact ? 1 : 0;
            if (!isExact)
            {
                mistakes.Add($"frame {label.Frame}: '{label.Text}' was read as '{string.Join("' '", parts)}'");
            }

            var isButSpaces = text != label.Text && WithoutSpaces(text) == WithoutSpaces(label.Text);
            butSpaces += isButSpaces ? 1 : 0;
            lost += isButSpaces && text.Length < label.Text.Length ? 1 : 0;
        }

        return new TextScore(
            labels.Count, exact, butSpaces, lost, labels.Sum(label => label.Text.Length), edits, found.Count - within,
            mistakes);
    }

    private static string WithoutSpaces(string text) => text.Replace(" ", "", StringComparison.Ordinal);
}

/// <summary>
/// The minimum number of insertions, deletions and substitutions that turn one text into another (V. Levenshtein,
/// 1966).
/// </summary>
internal static class EditDistance
{
    public static int Between(string first, string second)
    {
        var previous = Enumerable.Range(0, second.Length + 1).ToArray();
        for (var i = 1; i <= first.Length; i++)
        {
            var current = new int[second.Length + 1];
            current[0] = i;
            for (var j = 1; j <= second.Length; j++)
            {
                var replaced = previous[j - 1] + (first[i - 1] == second[j - 1] ? 0 : 1);
                current[j] = Math.Min(replaced, Math.Min(previous[j], current[j - 1]) + 1);
            }

            previous = current;
        }

        return previous[^1];
    }
}
