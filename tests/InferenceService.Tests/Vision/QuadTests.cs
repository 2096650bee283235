using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Tests.Vision;

public sealed class QuadTests
{
    private static readonly TensorFormat Red = TensorFormat.Scaled(ChannelOrder.Rgb, TensorLayout.Planar, 1);

    [Fact]
    public void Fill_AnUprightCrop_CopiesItsPixels() =>
        Assert.Equal([11, 12, 21, 22], Sample(Rectangle(1, 1, 3, 3), 2, 2));

    [Fact]
    public void Fill_ATurnedQuarter_ReadsFromTheTopRightDown() =>
        Assert.Equal([12, 22, 11, 21], Sample(Rectangle(1, 1, 3, 3).TurnedQuarter(), 2, 2));

    [Fact]
    public void Fill_ATurnedHalf_ReadsBackwards() =>
        Assert.Equal([22, 21, 12, 11], Sample(Rectangle(1, 1, 3, 3).TurnedHalf(), 2, 2));

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
    public void GrownBy_MovesEverySide()
    {
        var grown = Rectangle(10, 10, 20, 14).GrownBy(2);

        Assert.Equal(Rectangle(8, 8, 22, 16), grown);
    }

    [Fact]
    public void ReadingOrder_OfTwoRows_IsRowByRowFromTheLeft()
    {
        Quad[] regions =
        [
            Rectangle(200, 52, 260, 70), Rectangle(100, 10, 150, 30),
            Rectangle(5, 50, 90, 70), Rectangle(5, 13, 80, 33),
        ];

        Assert.Equal([3, 1, 2, 0], ReadingOrder.Of(regions));
        Assert.Empty(ReadingOrder.Of([]));
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
