using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ForegSyte.Inference.Vision;

/// <summary>Takes one channel out of a row of packed RGB pixels, normalised: value = pixel * scale + offset.</summary>
internal static class PixelRow
{
    /// <summary>Pixels in one step: three vectors of 16 bytes.</summary>
    private const int Step = 16;

    /// <summary>
    /// For each byte of an RGB pixel: where in each of the three vectors the 16 pixels have theirs; 255 for elsewhere.
    /// </summary>
    private static readonly Vector128<byte>[] Picks =
        [.. Enumerable.Range(0, 9).Select(index => Pick(index / 3, index % 3))];

    /// <summary>Fills one row of one plane of a tensor.</summary>
    /// <param name="row">target.Length pixels of 3 bytes.</param>
    /// <param name="format">Normalisation and order of the channels.</param>
    /// <param name="channel">Channel of the tensor, 0 to 2.</param>
    /// <param name="target">Receives a value for each pixel.</param>
    public static void ToPlane(ReadOnlySpan<byte> row, TensorFormat format, int channel, Span<float> target)
    {
        var source = format.SourceByteOf(channel);
        var (scale, offset) = (format.ScaleOf(channel), format.OffsetOf(channel));
        var (first, second, third) = (Picks[3 * source], Picks[(3 * source) + 1], Picks[(3 * source) + 2]);
        var x = 0;
        for (; x + Step <= target.Length; x += Step)
        {
            var vectors = MemoryMarshal.Cast<byte, Vector128<byte>>(
                row.Slice(x * RgbImage.BytesPerPixel, Step * RgbImage.BytesPerPixel));
            var picked = Vector128.Shuffle(vectors[0], first) | Vector128.Shuffle(vectors[1], second)
                | Vector128.Shuffle(vectors[2], third);
            var (low, high) = Vector128.Widen(picked);
            Store(low, scale, offset, target.Slice(x, Step / 2));
            Store(high, scale, offset, target.Slice(x + (Step / 2), Step / 2));
        }

        for (; x < target.Length; x++)
        {
            target[x] = (row[(x * RgbImage.BytesPerPixel) + source] * scale) + offset;
        }
    }

    /// <summary>Multiplies and adds in two roundings, as the scalar code does, whatever the processor has.</summary>
    private static void Store(Vector128<ushort> pixels, float scale, float offset, Span<float> target)
    {
        var (low, high) = Vector128.Widen(pixels);
        ((Vector128.ConvertToSingle(low.AsInt32()) * scale) + Vector128.Create(offset)).CopyTo(target);
        ((Vector128.ConvertToSingle(high.AsInt32()) * scale) + Vector128.Create(offset)).CopyTo(target[4..]);
    }

    private static Vector128<byte> Pick(int source, int vector)
    {
        Span<byte> indexes = stackalloc byte[Step];
        for (var pixel = 0; pixel < Step; pixel++)
        {
            var index = (pixel * RgbImage.BytesPerPixel) + source - (vector * Step);
            indexes[pixel] = index is >= 0 and < Step ? (byte)index : byte.MaxValue;
        }

        return Vector128.Create<byte>(indexes);
    }
}
