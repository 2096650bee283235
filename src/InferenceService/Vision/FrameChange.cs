using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ForegSyte.Inference.Vision;

/// <summary>Detects changes between two images of the same size.</summary>
internal static class FrameChange
{
    /// <summary>
    /// Side of the compared blocks in pixels. A block is about as large as a character of small text, so that an
    /// unchanged background does not average the change of one character away.
    /// </summary>
    public const int BlockSide = 16;

    private const int BlockBytes = BlockSide * RgbImage.BytesPerPixel;

    /// <summary>Whether the mean absolute difference of the bytes of any 16x16 block exceeds a limit.</summary>
    /// <param name="image">An image.</param>
    /// <param name="earlier">An image of the same size.</param>
    /// <param name="limit">Gray levels, 0 to 255.</param>
    /// <exception cref="ArgumentException">The images have different sizes.</exception>
    public static bool Exceeds(RgbImage image, RgbImage earlier, int limit)
    {
        if (image.Width != earlier.Width || image.Height != earlier.Height)
        {
            throw new ArgumentException("Both images must have the same size.", nameof(earlier));
        }

        for (var top = 0; top < image.Height; top += BlockSide)
        {
            var rows = Math.Min(BlockSide, image.Height - top);
            for (var left = 0; left < image.Width * RgbImage.BytesPerPixel; left += BlockBytes)
            {
                var bytes = Math.Min(BlockBytes, (image.Width * RgbImage.BytesPerPixel) - left);
                var sum = 0;
                for (var y = top; y < top + rows; y++)
                {
                    sum += Difference(image.Row(y).Slice(left, bytes), earlier.Row(y).Slice(left, bytes));
                }

                if (sum > limit * rows * bytes)
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Sum of the absolute differences of at most <see cref="BlockBytes"/> bytes.</summary>
    private static int Difference(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        var sums = Vector128<ushort>.Zero;
        var vectorsA = MemoryMarshal.Cast<byte, Vector128<byte>>(a);
        var vectorsB = MemoryMarshal.Cast<byte, Vector128<byte>>(b);
        for (var i = 0; i < vectorsA.Length; i++)
        {
            var (low, high) = Vector128.Widen(
                Vector128.Max(vectorsA[i], vectorsB[i]) - Vector128.Min(vectorsA[i], vectorsB[i]));
            sums += low + high;
        }

        int sum = Vector128.Sum(sums);
        for (var i = vectorsA.Length * Vector128<byte>.Count; i < a.Length; i++)
        {
            sum += Math.Abs(a[i] - b[i]);
        }

        return sum;
    }
}
