using CsCheck;
using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Tests.Vision;

public sealed class FrameChangeTests
{
    [Fact]
    public void Exceeds_OneBlockThatChanged_IsSeenWhereverItIs() =>
        Gen.Select(Gen.Int[1, 70], Gen.Int[1, 40], Gen.Int[0, 69], Gen.Int[0, 39], Gen.Int[1, 100])
            .Sample((width, height, column, row, change) =>
            {
                var (earlier, image) = (new byte[width * height * 3], new byte[width * height * 3]);
                Array.Fill(earlier, (byte)100);
                Array.Fill(image, (byte)100);
                var (left, top) = (column % width / 16 * 16, row % height / 16 * 16);
                for (var y = top; y < Math.Min(top + 16, height); y++)
                {
                    for (var x = left; x < Math.Min(left + 16, width); x++)
                    {
                        var gray = (x + y) % 2 == 0 ? 100 + change : 100 - change;
                        image.AsSpan(((y * width) + x) * 3, 3).Fill((byte)gray);
                    }
                }

                return !Exceeds(image, earlier, width, height, change)
                    && Exceeds(image, earlier, width, height, change - 1)
                    && !Exceeds(image, image, width, height, 0);
            });

    [Fact]
    public void Exceeds_ImagesOfDifferentSizes_AreRefused()
    {
        Assert.Throws<ArgumentException>(
            () => FrameChange.Exceeds(new RgbImage(new byte[12], 2, 2), new RgbImage(new byte[6], 2, 1), 1));
        Assert.Throws<ArgumentException>(
            () => FrameChange.Exceeds(new RgbImage(new byte[12], 2, 2), new RgbImage(new byte[18], 3, 2), 1));
    }

    private static bool Exceeds(byte[] image, byte[] earlier, int width, int height, int limit) =>
        FrameChange.Exceeds(new RgbImage(image, width, height), new RgbImage(earlier, width, height), limit);
}
