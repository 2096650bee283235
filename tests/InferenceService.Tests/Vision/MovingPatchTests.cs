using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Tests.Vision;

public sealed class MovingPatchTests
{
    private const int Side = 200;

    [Theory]
    [InlineData(0, 0)]
    [InlineData(2, -1)]
    [InlineData(-3, 3)]
    public void In_AMovedObject_IsFoundThere(int moveX, int moveY)
    {
        var origin = Picture(60, 80);
        var patch = new MovingPatch(60, 80, 24, 40).In(origin, Picture(60 + moveX, 80 + moveY));

        Assert.Equal((moveX, moveY), (MathF.Round(patch.MoveX), MathF.Round(patch.MoveY)));
        Assert.Equal((24, 40), (patch.Width, patch.Height));
    }

    [Fact]
    public void In_ManyFrames_StaysOnTheObject()
    {
        var origin = Picture(20, 30);
        var patch = new MovingPatch(20, 30, 24, 40);
        for (var frame = 1; frame <= 30; frame++)
        {
            patch = patch.In(origin, Picture(20 + (3 * frame), 30 + (2 * frame)));
        }

        Assert.InRange(patch.MoveX, 89, 91);
        Assert.InRange(patch.MoveY, 59, 61);
    }

    [Fact]
    public void In_AnObjectThatStands_DoesNotMove()
    {
        var picture = Picture(100, 100);
        var patch = new MovingPatch(100, 100, 24, 40).In(picture, picture);
        Assert.Equal(0, patch.MoveX, 0.05f);
        Assert.Equal(0, patch.MoveY, 0.05f);
    }

    /// <summary>Boxes of results can touch the edges of the frame, and objects leave it.</summary>
    [Theory]
    [InlineData(-10, -10)]
    [InlineData(165, 150)]
    public void In_AtTheEdge_IsFound(int x, int y)
    {
        var patch = new MovingPatch(x, y, 24, 40).In(Picture(x, y), Picture(x + 2, y + 1));
        Assert.InRange(patch.MoveX, 1, 3);
        Assert.InRange(patch.MoveY, 0, 2);
    }

    [Theory]
    [InlineData(109, 100, true)]
    [InlineData(144, 120, true)]
    [InlineData(101, 100, false)]
    [InlineData(165, 120, false)]
    public void IsNear_APointBesideThePatch_CountsWithinTheGrowth(float x, float y, bool expected)
    {
        // From 110 to 140 with its way; 2.4 of growth and 2 of margin on each side.
        var patch = new MovingPatch(110, 90, 24, 40, MoveX: 6);
        Assert.Equal(expected, patch.IsNear(x, y, 0.1f, 2));
    }

    /// <summary>A gray background with a textured object of 24 x 40.</summary>
    private static GrayPicture Picture(int left, int top)
    {
        var pixels = new byte[Side * Side * 3];
        Array.Fill(pixels, (byte)100);
        for (var y = 0; y < 40; y++)
        {
            for (var x = 0; x < 24; x++)
            {
                var (column, row) = (left + x, top + y);
                if (column is >= 0 and < Side && row is >= 0 and < Side)
                {
                    pixels.AsSpan(((row * Side) + column) * 3, 3).Fill(
                        (byte)(128 + (60 * Math.Sin(x * 0.7)) + (60 * Math.Cos(y * 0.4))));
                }
            }
        }

        return GrayPicture.Of(new RgbImage(pixels, Side, Side));
    }
}
