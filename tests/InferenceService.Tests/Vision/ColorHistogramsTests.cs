using ForegSyte.Inference.Vision;
using ForegSyte.Protocol.Tracking;

namespace ForegSyte.Inference.Tests.Vision;

public sealed class ColorHistogramsTests
{
    [Fact]
    public void Appearance_OfAnObjectOfTwoColors_HasEachInItsHalf()
    {
        // 20 x 40 pixels: the upper half white, the lower half black.
        var pixels = new byte[20 * 40 * 3];
        pixels.AsSpan(0, pixels.Length / 2).Fill(255);
        var image = new RgbImage(pixels, 20, 40);

        var bytes = AppearanceDescriptor.Describe(image, 0, 0, 20, 40);

        Assert.Equal(48, bytes.Length);
        Assert.Equal((255, 0), (bytes[7], bytes[0]));
        Assert.Equal((0, 255), (bytes[24 + 7], bytes[24]));
        Assert.Equal((128, 128), (bytes[8 + 3], bytes[8 + 4]));
        Assert.Equal(new byte[48], AppearanceDescriptor.Describe(image, 100, 100, 20, 40));
    }

    [Theory]
    [InlineData(255, 0, 0, 0, 7)]
    [InlineData(0, 255, 255, 7, 0)]
    public void Appearance_OfAStrongColor_IsInTheOuterBins(byte red, byte green, byte blue, int blueBin, int redBin)
    {
        var pixels = new byte[30 * 30 * 3];
        for (var i = 0; i < pixels.Length; i += 3)
        {
            (pixels[i], pixels[i + 1], pixels[i + 2]) = (red, green, blue);
        }

        var bytes = AppearanceDescriptor.Describe(new RgbImage(pixels, 30, 30), 0, 0, 30, 30);

        Assert.Equal((255, 255), (bytes[8 + blueBin], bytes[16 + redBin]));
    }

    [Fact]
    public void Appearance_OfALargeObject_IsThatOfTheSameObjectInASmallImage()
    {
        var (small, large) = (Gradient(40, 80), Gradient(400, 800));

        var bytes = AppearanceDescriptor.Describe(new RgbImage(small, 40, 80), 4, 8, 20, 60);
        var scaled = AppearanceDescriptor.Describe(new RgbImage(large, 400, 800), 40, 80, 200, 600);

        Assert.All(bytes.Zip(scaled), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 12));
    }

    [Fact]
    public void Signature_HasTheCellsRowByRowAndThreeHistograms()
    {
        // 160 x 120: white on the left half of the upper half, black elsewhere.
        var pixels = new byte[160 * 120 * 3];
        for (var y = 0; y < 60; y++)
        {
            pixels.AsSpan(y * 160 * 3, 80 * 3).Fill(255);
        }

        var signature = SignatureDescriptor.Describe(new RgbImage(pixels, 160, 120));

        Assert.Equal(240, signature.Length);
        var cells = FrameSignature.Thumbnail(signature).ToArray();
        Assert.All(cells.Index(), cell =>
            Assert.Equal(cell.Index / 16 < 6 && cell.Index % 16 < 8 ? 255 : 0, cell.Item));
        var luma = FrameSignature.Histogram(signature, 0);
        Assert.Equal((191, 64), (luma[0], luma[15]));
        Assert.Equal(255, FrameSignature.Histogram(signature, 1).ToArray().Sum(value => value), 1.0);
        Assert.Equal(255, FrameSignature.Histogram(signature, 2).ToArray().Sum(value => value), 1.0);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 500)]
    [InlineData(500, 5)]
    public void Signature_OfAnySize_IsMade(int width, int height)
    {
        var signature = SignatureDescriptor.Describe(new RgbImage(new byte[width * height * 3], width, height));

        Assert.Equal(255, FrameSignature.Histogram(signature, 0)[0]);
    }

    private static byte[] Gradient(int width, int height)
    {
        var pixels = new byte[width * height * 3];
        for (var i = 0; i < width * height; i++)
        {
            var (x, y) = (i % width * 255 / width, i / width * 255 / height);
            (pixels[3 * i], pixels[(3 * i) + 1], pixels[(3 * i) + 2]) = ((byte)x, (byte)y, (byte)(255 - x));
        }

        return pixels;
    }
}
