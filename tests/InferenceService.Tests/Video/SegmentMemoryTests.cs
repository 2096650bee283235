using ForegSyte.Inference.Video;
using ForegSyte.V1;
using ForegSyte.Video;

namespace ForegSyte.Inference.Tests.Video;

public sealed class SegmentMemoryTests
{
    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(8, false)]
    public void Choices_AreOrderedFromTheFastestToTheLeast(int threads, bool hasParts)
    {
        var choices = SegmentMemory.Choices(Index(3840, 2160), new FrameSize(3840, 2160), threads, 7, 0, hasParts);

        Assert.Equal(choices.OrderByDescending(choice => choice.Bytes), choices);
        Assert.Equal((threads, hasParts ? 2 : 1, 7), Of(choices[0]));
        Assert.Equal((1, 1, 1), Of(choices[^1]));

        static (int Threads, int Decoders, int Frames) Of(SegmentMemory choice) =>
            (choice.DecoderThreads, choice.Decoders, choice.Frames);
    }

    /// <summary>Resident memory of FFmpeg 5.1 for 3840x2160 to RGB, measured.</summary>
    [Theory]
    [InlineData("h264", "yuv420p", 1, 427)]
    [InlineData("h264", "yuv420p", 8, 438)]
    [InlineData("h264", "yuv420p10le", 1, 282)]
    [InlineData("h264", "yuv444p", 2, 250)]
    [InlineData("hevc", "yuv420p", 8, 410)]
    [InlineData("vp9", "yuv420p", 2, 288)]
    [InlineData("mpeg4", "yuv420p", 2, 284)]
    [InlineData("mjpeg", "yuvj420p", 2, 159)]
    public void OfDecoder_IsAboveWhatFfmpegTakes(string codec, string format, int threads, int mebibytes) =>
        Assert.InRange(
            SegmentMemory.OfDecoder(Index(3840, 2160, codec, format), new FrameSize(3840, 2160), threads) >> 20,
            mebibytes,
            4 * mebibytes);

    [Theory]
    [InlineData("yuv420p", 1.5)]
    [InlineData("yuvj420p", 1.5)]
    [InlineData("nv12", 1.5)]
    [InlineData("yuv420p10le", 3)]
    [InlineData("p010le", 3)]
    [InlineData("yuv422p10le", 4)]
    [InlineData("yuva444p12le", 8)]
    [InlineData("gray", 1)]
    [InlineData("gbrp", 3)]
    [InlineData("rgba64le", 8)]
    [InlineData("", 8)]
    public void BytesPerPixel_OfAFormat(string format, double bytes) =>
        Assert.Equal(bytes, SegmentMemory.BytesPerPixel(format));

    private static VideoIndex Index(int width, int height, string codec = "h264", string format = "yuv420p") => new(
        new VideoInfo { Width = width, Height = height, Codec = codec }, new TimeBase(1, 25), [0], [])
    {
        PixelFormat = format,
    };
}
