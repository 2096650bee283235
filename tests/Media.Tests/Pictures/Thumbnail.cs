namespace ForegSyte.Media.Tests.Pictures;

/// <summary>A small grey version of a picture, to tell whether two pictures are the same.</summary>
internal sealed class Thumbnail
{
    private const int Columns = 20;
    private const int Rows = 11;

    /// <summary>Cells differ by less in pictures that two colour conversions made of the same frame.</summary>
    private const double SameLimit = 6;

    /// <summary>Cells of damaged pictures differ by more.</summary>
    private const double OtherLimit = 20;

    private readonly double[] _cells;

    private Thumbnail(double[] cells) => _cells = cells;

    public static Thumbnail Of(ReadOnlySpan<byte> rgb, int width, int height)
    {
        var cells = new double[Columns * Rows];
        for (var row = 0; row < Rows; row++)
        {
            for (var column = 0; column < Columns; column++)
            {
                var (left, right) = Range(column, Columns, width);
                var (top, bottom) = Range(row, Rows, height);
                var sum = 0L;
                for (var y = top; y < bottom; y++)
                {
                    for (var x = left; x < right; x++)
                    {
                        sum += rgb[(((y * width) + x) * NumberedPicture.BytesPerPixel) + 1];
                    }
                }

                cells[(row * Columns) + column] = (double)sum / ((right - left) * (bottom - top));
            }
        }

        return new Thumbnail(cells);
    }

    /// <summary>Whether both are the same picture.</summary>
    public bool IsSameAs(Thumbnail other) => Difference(other) < SameLimit;

    /// <summary>Whether a viewer sees that the pictures differ.</summary>
    public bool IsOtherThan(Thumbnail other) => Difference(other) > OtherLimit;

    /// <summary>The largest difference of a cell.</summary>
    public double Difference(Thumbnail other) => _cells.Zip(other._cells, (one, two) => Math.Abs(one - two)).Max();

    private static (int From, int To) Range(int cell, int cells, int size)
    {
        var from = Math.Min(cell * size / cells, size - 1);
        return (from, Math.Max(from + 1, (cell + 1) * size / cells));
    }
}
