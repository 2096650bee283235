using System.Globalization;
using ForegSyte.Accuracy.Objects;

namespace ForegSyte.Accuracy.Tracks;

/// <summary>The objects of a video and the frames in which all of them are labeled.</summary>
/// <param name="Boxes">Boxes of the objects.</param>
/// <param name="Frames">The labeled frames; only they are scored.</param>
/// <param name="Ignored">Boxes of objects that need not be found and may be found.</param>
internal sealed record TrackTruth(
    IReadOnlyList<IdentifiedBox> Boxes, IReadOnlyCollection<int> Frames, IReadOnlyList<IdentifiedBox> Ignored)
{
    /// <summary>The persons of the sample.</summary>
    public static TrackTruth Sample()
    {
        var file = LabelFile.Sample();
        return new TrackTruth(
            [.. file.Annotations.Where(item => item.Track is not null).Select(item => new IdentifiedBox(
                item.Frame, item.Track!, new(item.Bbox[0], item.Bbox[1], item.Bbox[2], item.Bbox[3])))],
            file.Frames,
            []);
    }

    /// <summary>
    /// Parses the truth of the MOT Challenge: rows of frame (from 1), id, x, y, width, height and a flag that is 0 for
    /// boxes that are ignored.
    /// </summary>
    /// <exception cref="InvalidDataException">A row has fewer than 7 numbers.</exception>
    public static TrackTruth ParseMotChallenge(IEnumerable<string> rows)
    {
        var (boxes, ignored) = (new List<IdentifiedBox>(), new List<IdentifiedBox>());
        var frames = new HashSet<int>();
        foreach (var row in rows.Where(row => !string.IsNullOrWhiteSpace(row)))
        {
            var cells = row.Split(',');
            var numbers = new double[7];
            for (var i = 0; i < numbers.Length; i++)
            {
                if (i >= cells.Length
                    || !double.TryParse(cells[i], NumberStyles.Float, CultureInfo.InvariantCulture, out numbers[i]))
                {
                    throw new InvalidDataException($"The row '{row}' does not begin with 7 numbers.");
                }
            }

            frames.Add((int)numbers[0] - 1);
            (numbers[6] != 0 ? boxes : ignored).Add(new IdentifiedBox(
                (int)numbers[0] - 1, cells[1].Trim(), new(numbers[2], numbers[3], numbers[4], numbers[5])));
        }

        return new TrackTruth(boxes, frames, ignored);
    }
}
