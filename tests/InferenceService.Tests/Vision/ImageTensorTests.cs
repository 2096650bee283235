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
            .Sample((width, height, targetWidth, targetHeight, grey) =>
            {
                var pixels = new byte[width * height * 3];
                Array.Fill(pixels, grey);
                return Fill(pixels, width, height, targetWidth, targetHeight, ImagePlacement.Stretch, Plain)
                    .All(value => MathF.Abs(value - grey) < 1e-3f);
            });

    [Fact]
    public void Fill_OfAWideImage_PadsBelowOrAroundIt()
    {
        byte[] pixels = [9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9];
        var interleaved = Plain with { Layout = TensorLayout.Interleaved };

        var topLeft = Fill(pixels, 4, 1, 4, 4, ImagePlacement.LetterboxTopLeft, Plain);
        var centre = Fill(pixels, 4, 1, 4, 4, ImagePlacement.LetterboxCentre, interleaved);

        Assert.Equal([9, 9, 9, 9, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7], topLeft[..16]);
        Assert.Equal([.. Enumerable.Repeat(7f, 12), .. Enumerable.Repeat(9f, 12), .. Enumerable.Repeat(7f, 24)],
            centre);
    }

    [Fact]
    public void ToPicture_OfTheImagesPlace_IsTheWholePicture() =>
        Gen.Select(Gen.Int[1, 2000], Gen.Int[1, 2000], Gen.Enum<ImagePlacement>())
            .Sample((width, height, placement) =>
            {
                var fit = ImageFit.Of(width, height, 416, 320, placement);
                var box = fit.ToPicture(
                    new(fit.Left, fit.Top, fit.Left + fit.Width, fit.Top + fit.Height, 0, 1), width * 2, height * 2);
                return (box.Left, box.Top) == (0, 0)
                    && MathF.Abs(box.Right - (width * 2)) < 0.01f && MathF.Abs(box.Bottom - (height * 2)) < 0.01f;
            });

    [Fact]
    public void ToPicture_OfABoxInTheLetterbox_GivesSourcePixels()
    {
        var fit = ImageFit.Of(768, 576, 640, 640, ImagePlacement.LetterboxCentre);

        var box = fit.ToPicture(new(320, 80, 640, 700, 3, 0.5f), 1536, 1152);

        Assert.Equal(new ScoredBox(768, 0, 1536, 1152, 3, 0.5f), box);
    }

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
