namespace ForegSyte.Accuracy.Text;

/// <summary>How well lines of text were read.</summary>
/// <param name="Lines">Labelled lines.</param>
/// <param name="Exact">Lines that were read as one line, character for character.</param>
/// <param name="ExactButSpaces">Further lines that are right when spaces are left out.</param>
/// <param name="Characters">Characters of the labelled lines.</param>
/// <param name="Edits">Edits from what was read to what is there.</param>
/// <param name="Elsewhere">Lines that were read where there are none.</param>
/// <param name="Mistakes">What was not read exactly, for people.</param>
internal sealed record TextScore(
    int Lines, int Exact, int ExactButSpaces, int Characters, int Edits, int Elsewhere, IReadOnlyList<string> Mistakes)
{
    /// <summary>Edits over characters: 0 for all right, 1 and more for nothing.</summary>
    public double CharacterErrorRate => Characters == 0 ? 0 : (double)Edits / Characters;

    /// <summary>
    /// Scores lines. What was read in a label's band belongs to it; several parts are joined with spaces for the edits
    /// and do not count as exact.
    /// </summary>
    public static TextScore Of(IReadOnlyCollection<FoundLine> found, IReadOnlyCollection<LabelledLine> labels)
    {
        var (exact, butSpaces, edits, within) = (0, 0, 0, 0);
        var mistakes = new List<string>();
        foreach (var label in labels)
        {
            var parts = found
                .Where(line => line.Frame == label.Frame && line.CentreY >= label.Top && line.CentreY < label.Bottom)
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

            butSpaces += text != label.Text && WithoutSpaces(text) == WithoutSpaces(label.Text) ? 1 : 0;
        }

        return new TextScore(
            labels.Count, exact, butSpaces, labels.Sum(label => label.Text.Length), edits, found.Count - within,
            mistakes);
    }

    private static string WithoutSpaces(string text) => text.Replace(" ", "", StringComparison.Ordinal);
}
