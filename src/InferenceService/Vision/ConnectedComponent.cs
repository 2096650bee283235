namespace ForegSyte.Inference.Vision;

/// <summary>
/// A connected set of pixels, kept as its leftmost and rightmost pixel in each row: enough for its hull.
/// </summary>
internal sealed class ConnectedComponent
{
    private readonly List<(int Row, int First, int Last)> _rows = [];

    /// <summary>Adds the pixels first to last of a row; rows come in ascending order.</summary>
    public void Add(int row, int first, int last)
    {
        if (_rows.Count > 0 && _rows[^1].Row == row)
        {
            _rows[^1] = (row, Math.Min(_rows[^1].First, first), Math.Max(_rows[^1].Last, last));
        }
        else
        {
            _rows.Add((row, first, last));
        }
    }

    /// <summary>
    /// The outer corners of the outermost pixels of each row, so that a single pixel is a square of side 1.
    /// </summary>
    public List<PixelPoint> OutlinePoints()
    {
        var points = new List<PixelPoint>(_rows.Count * 4);
        foreach (var (row, first, last) in _rows)
        {
            points.Add(new PixelPoint(first, row));
            points.Add(new PixelPoint(last + 1, row));
            points.Add(new PixelPoint(first, row + 1));
            points.Add(new PixelPoint(last + 1, row + 1));
        }

        return points;
    }
}
