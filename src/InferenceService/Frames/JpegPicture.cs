using System.Buffers;
using System.Runtime.InteropServices;
using ForegSyte.Inference.Video;
using ForegSyte.Inference.Vision;
using JpegLibrary;

namespace ForegSyte.Inference.Frames;

/// <summary>Encodes images as baseline JPEG with half the resolution for colours (4:2:0).</summary>
internal static class JpegPicture
{
    /// <summary>Quality from 1 to 100, as in libjpeg.</summary>
    private const int Quality = 80;

    /// <summary>Encodes a part of a frame that was decoded in the size of the cutout.</summary>
    public static byte[] Encode(Frame frame, Cutout cut)
    {
        var encoder = new JpegEncoder();
        const JpegElementPrecision precision = JpegElementPrecision.Precision8Bit;
        encoder.SetQuantizationTable(JpegStandardQuantizationTable.ScaleByQuality(
            JpegStandardQuantizationTable.GetLuminanceTable(precision, 0), Quality));
        encoder.SetQuantizationTable(JpegStandardQuantizationTable.ScaleByQuality(
            JpegStandardQuantizationTable.GetChrominanceTable(precision, 1), Quality));
        encoder.SetHuffmanTable(isDcTable: true, 0, JpegStandardHuffmanEncodingTable.GetLuminanceDCTable());
        encoder.SetHuffmanTable(isDcTable: false, 0, JpegStandardHuffmanEncodingTable.GetLuminanceACTable());
        encoder.SetHuffmanTable(isDcTable: true, 1, JpegStandardHuffmanEncodingTable.GetChrominanceDCTable());
        encoder.SetHuffmanTable(isDcTable: false, 1, JpegStandardHuffmanEncodingTable.GetChrominanceACTable());
        encoder.AddComponent(1, 0, 0, 0, 2, 2);
        encoder.AddComponent(2, 1, 1, 1, 1, 1);
        encoder.AddComponent(3, 1, 1, 1, 1, 1);
        encoder.SetInputReader(new RgbBlocks(frame.Image.Part(cut.Left, cut.Top, cut.Width, cut.Height)));
        var output = new ArrayBufferWriter<byte>();
        encoder.SetOutput(output);
        encoder.Encode();
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Converts blocks of 8x8 pixels to YCbCr, with the full range of JFIF.</summary>
    private sealed class RgbBlocks : JpegBlockInputReader
    {
        private const int Side = 8;

        private readonly byte[] _pixels;

        public RgbBlocks(RgbImage image)
        {
            (Width, Height) = (image.Width, image.Height);
            _pixels = new byte[image.Width * image.Height * RgbImage.BytesPerPixel];
            image.CopyTo(_pixels);
        }

        public override int Width { get; }

        public override int Height { get; }

        /// <summary>Reads a block of a component; the last pixels repeat beyond the edges.</summary>
        public override void ReadBlock(ref short blockRef, int componentIndex, int x, int y)
        {
            var block = MemoryMarshal.CreateSpan(ref blockRef, Side * Side);
            for (var row = 0; row < Side; row++)
            {
                var line = Math.Min(y + row, Height - 1) * Width;
                for (var column = 0; column < Side; column++)
                {
                    var pixel = _pixels.AsSpan(
                        (line + Math.Min(x + column, Width - 1)) * RgbImage.BytesPerPixel, RgbImage.BytesPerPixel);
                    block[(row * Side) + column] = Component(componentIndex, pixel[0], pixel[1], pixel[2]);
                }
            }
        }

        /// <summary>Y, Cb or Cr of a pixel, in units of 1/65536.</summary>
        private static short Component(int index, int red, int green, int blue) => index switch
        {
            0 => (short)(((19595 * red) + (38470 * green) + (7471 * blue) + 32768) >> 16),
            1 => (short)Math.Min(255, ((-11059 * red) - (21709 * green) + (32768 * blue) + 8421376) >> 16),
            _ => (short)Math.Min(255, ((32768 * red) - (27439 * green) - (5329 * blue) + 8421376) >> 16),
        };
    }
}
