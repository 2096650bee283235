using System.Globalization;
using ForegSyte.Accuracy.Text;

namespace ForegSyte.Accuracy.Running;

/// <summary>How text was read at one side.</summary>
/// <param name="Side">Stages:TextMaxSide in pixels.</param>
/// <param name="Lines">The generated lines.</param>
/// <param name="Caption">The caption of the sample.</param>
/// <param name="Patterns">Pictures with nothing to read.</param>
/// <param name="Junk">Lines that were read in them.</param>
/// <param name="JunkOfAnyConfidence">The same without the recogniser's threshold.</param>
internal sealed record TextMeasurement(
    int Side, TextScore Lines, TextScore Caption, int Patterns, IReadOnlyList<FoundLine> Junk,
    int JunkOfAnyConfidence)
{
    /// <summary>Everything that was wrong, for people.</summary>
    public IEnumerable<string> Mistakes =>
    [
        .. Lines.Mistakes,
        .. Caption.Mistakes,
        .. Junk.Select(line => string.Create(
            CultureInfo.InvariantCulture, $"pattern {line.Frame}: '{line.Text}' ({line.Confidence:F2})")),
    ];
}
