using CsCheck;
using ForegSyte.Inference.Tests.Reference;
using ForegSyte.Inference.Tests.Stages;
using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Tests.Vision;

public sealed class ImageTensorTests
{
    private static readonly TensorFormat Plain = TensorFormat.Scaled(ChannelOrder.Rgb, TensorLayout.Planar, 1);

    [Fact]
    public async Task Fill_AtManySizes_EqualsOpenCv()
    {
        var reference = ReferenceValues.Get("scaling");
        var frame = (await SampleFrames.ReadAsync(20))[1];
        var crop = reference.GetProperty("crop").Floats();
        var (left, top, width, height) = ((int)crop[0], (int)crop[1], (int)crop[2], (int)crop[3]);
        var small = new byte[width * height * 3];
        for (var y = 0; y < height; y++)
        {
            frame.Pixels.Span.Slice((((top + y) * frame.Width) + left) * 3, width * 3)
                .CopyTo(small.AsSpan(y * width * 3));
        }

        foreach (var target in reference.GetProperty("targets").EnumerateArray())
        {
            var (w, h) = (target.GetProperty("width").GetInt32(), target.GetProperty("height").GetInt32());
            var tensor = Fill(small, width, height, w, h, ImagePlacement.Stretch, Plain);
            var expected = target.GetProperty("red").Floats();
            for (var i = 0; i < expected.Length; i++)
            {
                Assert.Equal(expected[i], tensor[i], 0.02f);
            }
        }
    }

    [Fact]
    public void Fill_AtTheImagesOwnSize_CopiesInTheFormatsOrder()
    {
        byte[] pixels = [1, 2, 3, 4, 5, 6];
        var format = new TensorFormat(ChannelOrder.Bgr, TensorLayout.Interleaved, (2, 3, 4), (10, 20, 30));

        Assert.Equal([16, 26, 34, 22, 35, 46], Fill(pixels, 2, 1, 2, 1, ImagePlacement.Stretch, format));
        Assert.Equal(
            [16, 22, 26, 35, 34, 46],
            Fill(pixels, 2, 1, 2, 1, ImagePlacement.Stretch, format with { Layout = TensorLayout.Planar }));
    }

    [Fact]
    public void Fill_AtTheImagesOwnSize_IsTheSameToTheLastBitInBothLayouts() =>
        Gen.Select(Gen.Int[1, 70], Gen.Int[1, 3], Gen.Enum<ChannelOrder>(), Gen.Int[0, int.MaxValue])
            .Sample((width, height, order, seed) =>
            {
                var pixels = new byte[width * height * 3];
                new Random(seed).NextBytes(pixels);
                var format = TensorFormat.Normalized(
                    order, TensorLayout.Planar, 1 / 255f, (0.485f, 0.456f, 0.406f), (0.229f, 0.224f, 0.225f));
                var planar = Fill(pixels, width, height, width, height, ImagePlacement.Stretch, format);
                return Enumerable.Range(0, planar.Length).All(index =>
                {
                    var (channel, pixel) = (index / (width * height), index % (width * height));
                    var value = (pixels[(pixel * 3) + format.SourceByteOf(channel)] * format.ScaleOf(channel))
                        + format.OffsetOf(channel);
                    return BitConverter.SingleToInt32Bits(value) == BitConverter.SingleToInt32Bits(planar[index]);
                });
            });

    [Fact]
    public void Fill_OfOneGrey_IsThatGreyAtAnySize() =>
        Gen.Select(Gen.Int[1, 20], Gen.Int[1, 20], Gen.Int[1, 20], Gen.Int[1, 20], Gen.Byte)
            .Sample((width, height, targetWidth, targetHeight, gray) =>
            {
                var pixels = new byte[width * height * 3];
                Array.Fill(pixels, gray);
                return Fill(pixels, width, height, targetWidth, targetHeight, ImagePlacement.Stretch, Plain)
                    .All(value => MathF.Abs(value - gray) < 1e-3f);
            });

    [Fact]
    public void Fill_OfAWideImage_PadsBelowOrAroundIt()
    {
        byte[] pixels = [9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9];
        var interleaved = Plain with { Layout = TensorLayout.Interleaved };

        var topLeft = Fill(pixels, 4, 1, 4, 4, ImagePlacement.LetterboxTopLeft, Plain);
        var center = Fill(pixels, 4, 1, 4, 4, ImagePlacement.LetterboxCenter, interleaved);

        Assert.Equal([9, 9, 9, 9, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7], topLeft[..16]);
        Assert.Equal([.. Enumerable.Repeat(7f, 12), .. Enumerable.Repeat(9f, 12), .. Enumerable.Repeat(7f, 24)],
            center);
    }

    // (pixel * factor - mean) / deviation, by hand: (2 * 0.5 - 3) / 4, and so on.
    [Fact]
    public void Normalized_OfAPixel_SubtractsTheMeanAndDividesByTheDeviation()
    {
        var format = TensorFormat.Normalized(ChannelOrder.Rgb, TensorLayout.Planar, 0.5f, (3, 5, 7), (4, 8, 16));

        Assert.Equal([-0.5f, -0.375f, -0.25f], Fill([2, 4, 6], 1, 1, 1, 1, ImagePlacement.Stretch, format));
        Assert.Equal(
            [2, 1, 0], Enumerable.Range(0, 3).Select((format with { Channels = ChannelOrder.Bgr }).SourceByteOf));
    }

    [Theory]
    [InlineData(TensorLayout.Planar)]
    [InlineData(TensorLayout.Interleaved)]
    internal void Fill_LetterboxedInEitherDirection_WritesImageAndPaddingOfEachChannel(TensorLayout layout)
    {
        // Padding is 7: 7 * 2 + 10, 7 * 3 + 20, 7 * 4 + 30 in the tensor. The image has the size of its place.
        var format = new TensorFormat(ChannelOrder.Bgr, layout, (2, 3, 4), (10, 20, 30));
        float[] padding = [24, 41, 58];
        float[] first = [16, 26, 34]; // Pixel 1, 2, 3 in the order B, G, R.
        float[] second = [22, 35, 46]; // Pixel 4, 5, 6.

        Assert.Equal(
            Layout([padding, padding, first, second, padding, padding, padding, padding], layout),
            Fill([1, 2, 3, 4, 5, 6], 2, 1, 2, 4, ImagePlacement.LetterboxCenter, format));
        Assert.Equal(
            Layout([padding, first, padding, padding, padding, second, padding, padding], layout),
            Fill([1, 2, 3, 4, 5, 6], 1, 2, 4, 2, ImagePlacement.LetterboxCenter, format));
        Assert.Equal(
            Layout([first, padding, second, padding], layout),
            Fill([1, 2, 3, 4, 5, 6], 1, 2, 2, 2, ImagePlacement.LetterboxTopLeft, format));
    }

    [Theory]
    [InlineData(TensorLayout.Planar)]
    [InlineData(TensorLayout.Interleaved)]
    internal void Fill_EnlargedInALetterbox_BlendsRowsAndColumnsOfEachChannel(TensorLayout layout)
    {
        // One column of two pixels becomes two columns of four rows, weights 0, 1/4, 3/4, 1, between padding.
        var format = new TensorFormat(ChannelOrder.Rgb, layout, (1, 1, 1), (0, 100, 200));
        float[] padding = [7, 107, 207];
        float[][] rows = [[10, 120, 230], [20, 130, 240], [40, 150, 260], [50, 160, 270]];

        Assert.Equal(
            Layout([.. rows.SelectMany(row => new[] { padding, row, row, padding, padding })], layout),
            Fill([10, 20, 30, 50, 60, 70], 1, 2, 5, 4, ImagePlacement.LetterboxCenter, format));
    }

    [Fact]
    public void Fill_OfAnotherLength_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => ImageTensor.Fill(
            new RgbImage(new byte[3], 1, 1), ImageFit.Of(1, 1, 1, 1, ImagePlacement.Stretch), Plain, 0, new float[4], 1,
            1));
        Assert.Throws<ArgumentException>(() => new RgbImage(new byte[4], 1, 1).Width);
        Assert.Throws<ArgumentOutOfRangeException>(() => new RgbImage([], 0, 1).Width);
        Assert.Throws<ArgumentOutOfRangeException>(() => new RgbImage([], 1, 0).Width);
    }

    // YOLOX truncates the size, Ultralytics rounds it and puts an odd pixel of padding to the right and the bottom.
    [Theory]
    [InlineData(100, 67, 64, 64, ImagePlacement.LetterboxTopLeft, 0, 0, 64, 42)] // 42.88 rows.
    [InlineData(67, 100, 64, 64, ImagePlacement.LetterboxTopLeft, 0, 0, 42, 64)]
    [InlineData(100, 67, 64, 64, ImagePlacement.LetterboxCenter, 0, 10, 64, 43)] // 21 rows of padding: 10 and 11.
    [InlineData(67, 100, 64, 64, ImagePlacement.LetterboxCenter, 10, 0, 43, 64)]
    [InlineData(100, 50, 80, 20, ImagePlacement.LetterboxCenter, 20, 0, 40, 20)] // The height limits.
    [InlineData(1000, 1, 64, 64, ImagePlacement.LetterboxTopLeft, 0, 0, 64, 1)] // At least one pixel.
    [InlineData(1, 1000, 64, 64, ImagePlacement.LetterboxTopLeft, 0, 0, 1, 64)]
    [InlineData(1000, 1, 64, 64, ImagePlacement.LetterboxCenter, 0, 31, 64, 1)]
    [InlineData(1, 1000, 64, 64, ImagePlacement.LetterboxCenter, 31, 0, 1, 64)]
    [InlineData(100, 67, 64, 32, ImagePlacement.Stretch, 0, 0, 64, 32)]
    internal void ImageFit_OfAnImage_IsAsInTheProjectsOfTheModels(
        int width, int height, int tensorWidth, int tensorHeight, ImagePlacement placement, int left, int top,
        int fitWidth, int fitHeight) => Assert.Equal(
            new ImageFit(width, height, left, top, fitWidth, fitHeight),
            ImageFit.Of(width, height, tensorWidth, tensorHeight, placement));

    [Fact]
    public void ToImage_OfABoxInALetterbox_SubtractsThePaddingAndScales()
    {
        // 100x50 at (20, 10) in a size of 50x25; the target is twice as large.
        var fit = new ImageFit(100, 50, 20, 10, 50, 25);

        Assert.Equal(new ScoredBox(40, 16, 120, 64, 3, 0.5f), fit.ToImage(new(30, 14, 50, 26, 3, 0.5f), 200, 100));
        Assert.Equal(new ScoredBox(0, 0, 200, 100, 3, 0.5f), fit.ToImage(new(0, 0, 99, 99, 3, 0.5f), 200, 100));
    }

    [Fact]
    public void ToImage_OfTheImagesPlace_IsTheWholeImage() =>
        Gen.Select(Gen.Int[1, 2000], Gen.Int[1, 2000], Gen.Enum<ImagePlacement>())
            .Sample((width, height, placement) =>
            {
                var fit = ImageFit.Of(width, height, 416, 320, placement);
                var box = fit.ToImage(
                    new(fit.Left, fit.Top, fit.Left + fit.Width, fit.Top + fit.Height, 0, 1), width * 2, height * 2);
                return (box.Left, box.Top) == (0, 0)
                    && MathF.Abs(box.Right - (width * 2)) < 0.01f && MathF.Abs(box.Bottom - (height * 2)) < 0.01f;
            });

    [Fact]
    public void ToImage_OfABoxInTheLetterbox_GivesSourcePixels()
    {
        var fit = ImageFit.Of(768, 576, 640, 640, ImagePlacement.LetterboxCenter);

        var box = fit.ToImage(new(320, 80, 640, 700, 3, 0.5f), 1536, 1152);

        Assert.Equal(new ScoredBox(768, 0, 1536, 1152, 3, 0.5f), box);
    }

    /// <summary>Pixels of three channels in the layout of a tensor.</summary>
    private static float[] Layout(float[][] pixels, TensorLayout layout) => layout == TensorLayout.Interleaved
        ? [.. pixels.SelectMany(pixel => pixel)]
        : [.. Enumerable.Range(0, 3).SelectMany(channel => pixels.Select(pixel => pixel[channel]))];

    private static float[] Fill(
        byte[] pixels, int width, int height, int tensorWidth, int tensorHeight, ImagePlacement placement,
        TensorFormat format)
    {
        var tensor = new float[tensorWidth * tensorHeight * 3];
        var fit = ImageFit.Of(width, height, tensorWidth, tensorHeight, placement);
        ImageTensor.Fill(new RgbImage(pixels, width, height), fit, format, 7, tensor, tensorWidth, tensorHeight);
        return tensor;
    }
}
