using System.Buffers.Binary;
using System.Text;
using ForegSyte.Jobs.Mp4;

namespace ForegSyte.Jobs.Tests.Jobs.Mp4;

/// <summary>Builds small files box by box, for headers that ffmpeg does not write.</summary>
internal static class Mp4Builder
{
    /// <summary>A box with its header; the parts are its payload.</summary>
    public static byte[] Box(string type, params byte[][] parts)
    {
        byte[] payload = [.. parts.SelectMany(part => part)];
        return [.. Number((uint)payload.Length + 8), .. Encoding.Latin1.GetBytes(type), .. payload];
    }

    /// <summary>Four bytes, the highest first.</summary>
    public static byte[] Number(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    /// <summary>The first box of a file.</summary>
    public static byte[] FileType(int size = 20) => Box("ftyp", [.. "isom"u8], new byte[size - 12]);

    /// <summary>A video track with so many frames of one size.</summary>
    public static byte[] Track(
        uint id = 1, uint frames = 10, uint frameSize = 1, string entry = "avc1", byte[]? header = null,
        byte[]? references = null, string handler = "vide", byte[]? sizes = null) => Box(
        "trak",
        header ?? Box("tkhd", Number(1), Number(0), Number(0), Number(id), new byte[8]),
        references ?? [],
        Box(
            "mdia",
            Box("hdlr", new byte[8], Encoding.Latin1.GetBytes(handler)),
            Box(
                "minf",
                Box(
                    "stbl",
                    Box("stsd", new byte[8], Box(entry, new byte[78])),
                    sizes ?? Box("stsz", Number(0), Number(frameSize), Number(frames))))));

    /// <summary>A whole file with so many bytes of data.</summary>
    public static byte[] Clip(byte[] tracks, int data = 100) =>
        [.. FileType(), .. Box("moov", tracks), .. Box("mdat", new byte[data])];

    public static Mp4CheckResult Inspect(params byte[][] parts) =>
        Mp4Check.Inspect(new MemoryStream([.. parts.SelectMany(part => part)], writable: false));
}
