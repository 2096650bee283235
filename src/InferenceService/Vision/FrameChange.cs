using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ForegSyte.Inference.Vision;

/// <summary>Tells whether two pictures of one size show the same.</summary>
internal static class FrameChange
{
    /// <summary>
    /// Side of the blocks that are compared, in pixels; about a character of small text, so that one that changes is
    /// not lost in a picture that stays.
    /// </summary>
    public const int BlockSide = 16;

    private const int BlockBytes = BlockSide * RgbImage.BytesPerPixel;

    /// <summary>
    /// Whether some block of 16x16 pixels differs by more than a limit: the mean of the absolute differences of its
    /// bytes.
    /// </summary>
    /// <param name="image">A picture.</param>
    /// <param name="earlier">A picture of the same size.</param>
    /// <param name="limit">Grey levels, 0 to 255.</param>
    public static bool Exceeds(RgbImage image, RgbImage earlier, int limit)
    {
        if (image.Width != earlier.Width || image.Height != earlier.Height)
        {
            throw new ArgumentException("The pictures have to be of one size.", nameof(earlier));
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
