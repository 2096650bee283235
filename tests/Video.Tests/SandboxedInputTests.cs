namespace ForegSyte.Video.Tests;

/// <summary>Limits on FFmpeg's input.</summary>
public sealed class SandboxedInputTests
{
    [Theory]
    [InlineData(1920, 1080)]
    [InlineData(16384, 2)]
    public void MaxCodedPixels_TheLargestFrame_FitsInWholeBlocks(int width, int height)
    {
        var limits = new VideoLimits(MaxFrames: 1, MaxFrameSidePixels: width, MaxFramePixels: width * height);

        Assert.InRange(
            (width + 127) / 128 * 128 * ((height + 127) / 128 * 128), 1, SandboxedInput.MaxCodedPixels(limits));
    }
}
