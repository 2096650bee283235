using System.Text.Json;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Tests.Reference;
using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Tests.Stages;

/// <summary>
/// The committed NanoDet gives the values of the TensorFlow.js graph from which it was converted: nanodet_tfjs.json,
/// by compare_tfjs.py.
/// </summary>
public sealed class OriginalNanoDetTests(LoadedModels models) : IClassFixture<LoadedModels>
{
    private const int Classes = 80;
    private const int DistanceBins = 44;

    [Fact]
    public async Task Run_OnPartsOfTheSample_GivesTheValuesOfTensorFlowJs()
    {
        using var stored = JsonDocument.Parse(
            await File.ReadAllBytesAsync(
                Path.Combine(ReferenceValues.Folder, "nanodet_tfjs.json"), TestContext.Current.CancellationToken));
        var crop = stored.RootElement.GetProperty("crop").Floats();
        var frames = (await SampleFrames.ReadAsync(10)).ToDictionary(frame => frame.Index);
        var compared = 0;
        foreach (var reference in stored.RootElement.GetProperty("frames").EnumerateArray())
        {
            var frame = frames[reference.GetProperty("frame").GetInt32()];
            var tensor = Tensor(frame.Pixels.Span, (int)crop[0], (int)crop[1], (int)(crop[2] - crop[0]));
            using var outputs = models.Sessions.Get("nanodet_g_416").Run(
                tensor, [1, 3, 416, 416], TestContext.Current.CancellationToken);
            foreach (var cell in reference.GetProperty("cells").EnumerateArray())
            {
                var cells = 416 / cell.GetProperty("stride").GetInt32();
                var index = cell.GetProperty("cell").GetInt32();
                var scores = Values(outputs, cells * cells, Classes).Slice(index * Classes, Classes);
                var distances = Values(outputs, cells * cells, DistanceBins).Slice(index * DistanceBins, DistanceBins);

                Assert.Equal(
                    cell.GetProperty("score").GetSingle(), scores[cell.GetProperty("class_id").GetInt32()], 1e-4f);
                Assert.All(
                    distances.ToArray().Zip(cell.GetProperty("distances").Floats()),
                    pair => Assert.Equal(pair.Second, pair.First, 1e-3f));
                compared++;
            }
        }

        Assert.Equal(24, compared);
    }

    /// <summary>A square part of the image, unscaled, in the decoder's format.</summary>
    private static float[] Tensor(ReadOnlySpan<byte> pixels, int left, int top, int side)
    {
        var part = new byte[side * side * RgbImage.BytesPerPixel];
        for (var row = 0; row < side; row++)
        {
            pixels.Slice((((top + row) * SampleFrames.Width) + left) * RgbImage.BytesPerPixel,
                side * RgbImage.BytesPerPixel).CopyTo(part.AsSpan(row * side * RgbImage.BytesPerPixel));
        }

        var format = TensorFormat.Normalized(
            ChannelOrder.Bgr, TensorLayout.Planar, 1, (103.53f, 116.28f, 123.675f), (57.375f, 57.12f, 58.395f));
        var tensor = new float[part.Length];
        for (var i = 0; i < part.Length; i++)
        {
            var (pixel, channel) = (i / 3, i % 3);
            tensor[(channel * side * side) + pixel] =
                (part[(pixel * 3) + format.SourceByteOf(channel)] * format.ScaleOf(channel)) + format.OffsetOf(channel);
        }

        return tensor;
    }

    private static ReadOnlySpan<float> Values(ModelOutputs outputs, int cells, int width)
    {
        for (var output = 0; output < 6; output++)
        {
            if (outputs.Shape(output) is [_, var rows, var columns] && rows == cells && columns == width)
            {
                return outputs.Values(output);
            }
        }

        throw new InvalidOperationException($"No output has {cells} cells and {width} values.");
    }
}
