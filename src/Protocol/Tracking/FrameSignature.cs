namespace ForegSyte.Protocol.Tracking;

/// <summary>
/// Layout of a frame's signature, by which cuts are found: a thumbnail of luma, row by row, one byte a cell; then
/// histograms of luma, blue and red difference (BT.601), whose bins add up to about 255 each.
/// </summary>
public static class FrameSignature
{
    /// <summary>Columns of the thumbnail.</summary>
    public const int Columns = 16;

    /// <summary>Rows of the thumbnail.</summary>
    public const int Rows = 12;

    /// <summary>Bins of each of the three histograms.</summary>
    public const int Bins = 16;

    /// <summary>Number of bytes: 240.</summary>
    public const int Length = (Columns * Rows) + (3 * Bins);

    /// <summary>The thumbnail, <see cref="Rows"/> rows of <see cref="Columns"/> bytes.</summary>
    public static ReadOnlySpan<byte> Thumbnail(ReadOnlySpan<byte> signature) => signature[..(Columns * Rows)];

    /// <summary>A histogram.</summary>
    /// <param name="signature">The signature.</param>
    /// <param name="channel">0 for luma, 1 for the blue and 2 for the red difference.</param>
    public static ReadOnlySpan<byte> Histogram(ReadOnlySpan<byte> signature, int channel) =>
        signature.Slice((Columns * Rows) + (channel * Bins), Bins);
}
