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
        var choices = SegmentMemory.Choices(
            Index(3840, 2160), new FrameSize(3840, 2160), threads, 7, 0, hasParts, new MemoryRoom(1L << 40));

        Assert.Equal(choices.OrderByDescending(choice => choice.Bytes), choices);
        Assert.Equal((threads, hasParts ? 2 : 1, 7), Of(choices[0]));
        Assert.Equal((1, 1, 1), Of(choices[^1]));
        Assert.Equal([.. choices.SkipLast(1).Select(_ => true), false], choices.Select(choice => choice.ScansBeside));

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
    [InlineData("", 1.5)]
    [InlineData("x2rgb10le", 8)]
    public void BytesPerPixel_OfAFormat(string format, double bytes) =>
        Assert.Equal(bytes, SegmentMemory.BytesPerPixel(format));

    /// <summary>Usual videos have room in the budget of usual machines: 1 GiB is that of one with 2 GiB.</summary>
    [Theory]
    [InlineData(3840, 2160, "hevc", "yuv420p10le", false, 1024)]
    [InlineData(3840, 2160, "hevc", "yuv420p10le", true, 2048)]
    [InlineData(7680, 4320, "hevc", "yuv420p10le", false, 3072)]
    [InlineData(3840, 2160, "h264", "", false, 1024)]
    public void Choices_AUsualVideo_HasOneWithinTheBudget(
        int width, int height, string codec, string format, bool isHdr, int mebibytes)
    {
        var index = Index(width, height, codec, format, isHdr);
        var room = new MemoryRoom((long)mebibytes << 20);

        var choices = SegmentMemory.Choices(
            index, SegmentMemory.Checked(index), 2, 7, kept: 0, hasParts: true, room);

        Assert.NotEmpty(choices);
        Assert.All(choices, choice => Assert.InRange(choice.Bytes, 1, room.Bytes));
    }

    [Fact]
    public void Choices_MoreThanTheBudgetByTheEstimate_RunsAloneIfADecoderMayTakeThatMuch()
    {
        var (index, size) = (Index(7680, 4320), new FrameSize(7680, 4320));
        var room = new MemoryRoom(1L << 30);

        var alone = Assert.Single(SegmentMemory.Choices(index, size, 2, 7, 0, hasParts: true, room));

        Assert.Equal((room.Bytes, 1, false), (alone.Bytes, alone.DecoderThreads, alone.ScansBeside));
        Assert.InRange(alone.DecoderBytes + SegmentMemory.OfFrame(size), 1, room.Bytes);
        Assert.Empty(SegmentMemory.Choices(
            index, size, 2, 7, 0, hasParts: true, room with { ProcessBytes = 512L << 20 }));
        Assert.Empty(SegmentMemory.Choices(
            index, size, 2, 7, 0, hasParts: true, new MemoryRoom(512L << 20)));
    }

    [Fact]
    public void Choices_AHardwareDecoder_HasItsAllowance()
    {
        var (index, size) = (Index(1920, 1080), new FrameSize(1920, 1080));
        var room = new MemoryRoom(1L << 40);
        var processor = SegmentMemory.Choices(index, size, 2, 7, 0, hasParts: true, room);

        var hardware = SegmentMemory.Choices(
            index, size, 2, 7, 0, hasParts: true, room with { HardwareBytes = SegmentMemory.HardwareBytes });

        Assert.Equal(
            processor.Select(choice => choice.Bytes + ((long)choice.Decoders * SegmentMemory.HardwareBytes)),
            hardware.Select(choice => choice.Bytes));
    }

    private static VideoIndex Index(
        int width, int height, string codec = "h264", string format = "yuv420p", bool isHdr = false) => new(
        new VideoInfo { Width = width, Height = height, Codec = codec }, new TimeBase(1, 25), [0], [])
        {
            PixelFormat = format,
            Colors = new FrameColors(isHdr ? "smpte2084" : "", IsMatrixKnown: true, IsPrimariesKnown: true)
            {
                CanToneMap = true,
            },
        };
}
