using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Tests.Vision;

public sealed class QuadTests
{
    private static readonly TensorFormat Red = TensorFormat.Scaled(ChannelOrder.Rgb, TensorLayout.Planar, 1);

    [Fact]
    public void Fill_AnUprightCrop_CopiesItsPixels() =>
        Assert.Equal([11, 12, 21, 22], Sample(Rectangle(1, 1, 3, 3), 2, 2));

    [Fact]
    public void Fill_ARotated90_ReadsFromTheTopRightDown() =>
        Assert.Equal([12, 22, 11, 21], Sample(Rectangle(1, 1, 3, 3).Rotated90(), 2, 2));

    [Fact]
    public void Fill_ARotated180_ReadsBackwards() =>
        Assert.Equal([22, 21, 12, 11], Sample(Rectangle(1, 1, 3, 3).Rotated180(), 2, 2));

    [Fact]
    public void Fill_OutsideTheImage_RepeatsTheEdge() =>
        Assert.Equal([0, 0, 0, 1], Sample(Rectangle(-2, 0, 2, 1), 4, 1));

    [Fact]
    public void Fill_NarrowerThanTheTensor_LeavesTheRestAlone()
    {
        var tensor = new float[3 * 1 * 3];
        QuadSampler.Fill(Image(), Rectangle(0, 0, 2, 1), Red, tensor, 2, 1, 3);

        Assert.Equal([0, 1, 0], tensor[..3]);
    }

    [Fact]
    public void ExpandedBy_MovesEverySide()
    {
        var grown = Rectangle(10, 10, 20, 14).ExpandedBy(2);

        Assert.Equal(Rectangle(8, 8, 22, 16), grown);
    }

    [Fact]
    public void ScaledBy_ScalesEachCoordinateByItsFactor() =>
        Assert.Equal(Rectangle(20, 30, 40, 42), Rectangle(10, 10, 20, 14).ScaledBy(2, 3));

    [Fact]
    public void ClippedCorners_OutsideTheImage_LieOnItsEdges() => Assert.Equal(
        [new(0, 2), new(30, 2), new(30, 20), new(0, 20)], Rectangle(-5, 2, 40, 25).ClippedCorners(30, 20));

    [Fact]
    public void WidthHeightAndCenter_OfATiltedQuad_AreThoseOfItsEdges()
    {
        // Along (0.8, 0.6): 10 wide, 5 high.
        var quad = new Quad(new(2, 1), new(10, 7), new(7, 11), new(-1, 5));

        Assert.Equal((10, 5, new PixelPoint(4.5f, 6)), (quad.Width, quad.Height, quad.Center));
    }

    [Fact]
    public void Cross_OfAClockwiseTurnOnScreen_IsPositive() =>
        Assert.Equal((6, -6), (
            PixelPoint.Cross(new PixelPoint(2, 0), new PixelPoint(1, 3)),
            PixelPoint.Cross(new PixelPoint(1, 3), new PixelPoint(2, 0))));

    [Fact]
    public void Fill_BetweenPixels_BlendsInBothDirections() =>
        Assert.Equal([5.5f, 6.5f], Sample(Rectangle(0.5f, 0.5f, 2.5f, 1.5f), 2, 1));

    [Fact]
    public void Fill_BgrWithScaleAndOffset_NormalizesEachPlane()
    {
        byte[] pixels = [1, 2, 3, 4, 5, 6];
        var format = new TensorFormat(ChannelOrder.Bgr, TensorLayout.Planar, (2, 3, 4), (10, 20, 30));
        var tensor = new float[6];

        QuadSampler.Fill(new RgbImage(pixels, 2, 1), Rectangle(0, 0, 2, 1), format, tensor, 2, 1, 2);

        Assert.Equal([16, 22, 26, 35, 34, 46], tensor);
    }

    [Fact]
    public void Fill_BetweenPixelsOfEachChannel_BlendsThatChannel()
    {
        // Two pixels side by side, one above the other: half of each, and beyond the edges the pixel itself.
        byte[] pixels = [0, 100, 200, 10, 120, 230];
        var (beside, above) = (new float[9], new float[9]);

        QuadSampler.Fill(new RgbImage(pixels, 2, 1), Rectangle(-0.5f, 0, 2.5f, 1), Red, beside, 3, 1, 3);
        QuadSampler.Fill(new RgbImage(pixels, 1, 2), Rectangle(0, -0.5f, 1, 2.5f), Red, above, 1, 3, 1);

        Assert.Equal([0, 5, 10, 100, 110, 120, 200, 215, 230], beside);
        Assert.Equal([0, 5, 10, 100, 110, 120, 200, 215, 230], above);
    }

    [Fact]
    public void Fill_OfSeveralRows_KeepsTheStrideOfEachPlane()
    {
        var tensor = new float[3 * 2 * 3];
        QuadSampler.Fill(Image(), Rectangle(1, 1, 3, 3), Red, tensor, 2, 2, 3);

        Assert.Equal([11, 12, 0, 21, 22, 0], tensor[..6]);
        Assert.All(tensor[6..], value => Assert.Equal(0, value));
    }

    [Fact]
    public void Fill_AnotherLayoutOrLength_IsRefused()
    {
        var interleaved = Red with { Layout = TensorLayout.Interleaved };

        Assert.Throws<ArgumentException>(
            () => QuadSampler.Fill(Image(), Rectangle(0, 0, 1, 1), interleaved, new float[3], 1, 1, 1));
        Assert.Throws<ArgumentException>(
            () => QuadSampler.Fill(Image(), Rectangle(0, 0, 1, 1), Red, new float[4], 1, 1, 1));
    }

    /// <summary>Four rows of five pixels whose red is 10 * row + column.</summary>
    private static RgbImage Image()
    {
        var pixels = new byte[4 * 5 * 3];
        for (var i = 0; i < 20; i++)
        {
            pixels[i * 3] = (byte)((i / 5 * 10) + (i % 5));
        }

        return new RgbImage(pixels, 5, 4);
    }

    private static float[] Sample(Quad quad, int width, int height)
    {
        var tensor = new float[3 * width * height];
        QuadSampler.Fill(Image(), quad, Red, tensor, width, height, width);
        return tensor[..(width * height)];
    }

    private static Quad Rectangle(float left, float top, float right, float bottom) =>
        new(new(left, top), new(right, top), new(right, bottom), new(left, bottom));
}
