using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Tests.Vision;

/// <summary>The shape of a detector's input follows the shape of the video.</summary>
public sealed class InputShapeTests
{
    [Theory]
    [InlineData(768, 576, 512, 384)]
    [InlineData(1920, 1080, 576, 320)]
    [InlineData(1080, 1920, 320, 576)]
    [InlineData(480, 640, 384, 512)]
    [InlineData(500, 500, 416, 416)]
    [InlineData(2, 2, 416, 416)]
    [InlineData(1998, 1080, 544, 288)]
    public void Of_AVideo_IsTheClosestShapeOfAboutTheSameArea(int width, int height, int inputWidth, int inputHeight)
    {
        Assert.Equal((inputWidth, inputHeight), InputShape.Of(416, 416, width, height));
    }

    [Theory]
    [InlineData(416, 416)]
    [InlineData(320, 320)]
    [InlineData(640, 640)]
    [InlineData(512, 288)]
    public void Of_AnyVideo_HasSidesInMultiplesOf32AndAboutTheArea(int width, int height)
    {
        var area = (double)width * height;
        for (var videoWidth = 2; videoWidth < 9000; videoWidth = (videoWidth * 9 / 8) + 1)
        {
            var (left, right) = InputShape.Of(width, height, videoWidth, 1080);

            Assert.Equal((0, 0), (left % 32, right % 32));
            Assert.InRange(left * right / area, 0.9, 1.15);
            Assert.InRange((double)left / right, 1 / 4.6, 4.6);
        }
    }

    [Theory]
    [InlineData(32, 32)]
    [InlineData(48, 48)]
    [InlineData(1, 1)]
    public void Of_ASmallArea_IsAtLeastOneCell(int width, int height)
    {
        var (left, right) = InputShape.Of(width, height, 1920, 1080);

        Assert.True(left >= 32 && right >= 32, $"{left}x{right}");
        Assert.Equal((0, 0), (left % 32, right % 32));
    }
}
