using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Tests.Vision;

public sealed class GrayPictureTests
{
    [Theory]
    [InlineData(160, 96, 160, 96)]
    [InlineData(416, 416, 208, 208)]
    [InlineData(1920, 1080, 274, 154)]
    [InlineData(7680, 3, 284, 1)]
    public void Of_AnyImage_IsSmall(int width, int height, int expectedWidth, int expectedHeight)
    {
        var picture = Picture(width, height, (_, _) => 77);

        Assert.Equal((expectedWidth, expectedHeight), (picture.Width, picture.Height));
        Assert.Empty(picture.ChangedBlocks(Picture(width, height, (_, _) => 77), 0));
    }

    [Fact]
    public void ChangedBlocks_OneSpot_IsTheBlockOfTheSpot()
    {
        var picture = Picture(320, 240, (x, y) => (byte)(x is >= 100 and < 116 && y is >= 50 and < 66 ? 200 : 50));
        var earlier = Picture(320, 240, (_, _) => 50);

        // Half the size: the spot is at 50, 25 and 8 x 8.
        Assert.Equal([(48, 24)], picture.ChangedBlocks(earlier, 80));
        Assert.Equal([(48, 24), (56, 24), (48, 32), (56, 32)], picture.ChangedBlocks(earlier, 4));
    }

    [Fact]
    public void ChangedBlocks_OfAnotherSize_AreAll()
    {
        var picture = Picture(160, 80, (_, _) => 50);
        Assert.Equal(20 * 10, picture.ChangedBlocks(Picture(80, 160, (_, _) => 50), 255).Count());
    }

    private static GrayPicture Picture(int width, int height, Func<int, int, byte> level)
    {
        var pixels = new byte[width * height * 3];
        for (var pixel = 0; pixel < width * height; pixel++)
        {
            pixels.AsSpan(pixel * 3, 3).Fill(level(pixel % width, pixel / width));
        }

        return GrayPicture.Of(new RgbImage(pixels, width, height));
    }
}
