using System.Buffers.Binary;
using System.Text;

namespace ForegSyte.Testing;

/// <summary>
/// Makes videos whose sample table points many times at the same bytes: a file of a few KB that lists millions of
/// frames.
/// </summary>
public static class RepeatedSamples
{
    private const int HeaderBytes = 8;
    private const int RawFrameBytes = 2 * 2 * 3;
    private static readonly string[] Containers = ["moov", "trak", "mdia", "minf", "stbl"];

    /// <summary>Makes a video of raw frames of 2 x 2 pixels that lists all its frames again and again.</summary>
    /// <param name="path">Path of the file, which should end in ".mov".</param>
    /// <param name="frames">Frames in the file.</param>
    /// <param name="times">How often the table lists them.</param>
    public static async Task<string> MakeAsync(string path, int frames = 544, int times = 9_008)
    {
        await Clips.MakeAsync(
            path, "-f", "lavfi", "-i", "color=size=2x2:rate=25", "-frames:v", FormattableString.Invariant($"{frames}"),
            "-c:v", "rawvideo", "-pix_fmt", "rgb24");
        var bytes = await File.ReadAllBytesAsync(path);
        await File.WriteAllBytesAsync(path, Rewrite(bytes, box => Repeat(box, frames, times)));
        return path;
    }

    /// <summary>Lists the frames again and again; null leaves the box as it is.</summary>
    private static byte[]? Repeat(ReadOnlySpan<byte> box, int frames, int times) => TypeOf(box) switch
    {
        "stts" => Box("stts", 0, 1, (uint)(frames * times), 1),
        "stsz" => Box("stsz", 0, RawFrameBytes, (uint)(frames * times)),
        "stsc" => Box("stsc", 0, 1, 1, (uint)frames, 1),
        "stco" => Box(
            "stco",
            [0, (uint)times, .. Enumerable.Repeat(BinaryPrimitives.ReadUInt32BigEndian(box[16..]), times)]),
        _ => null,
    };

    private static byte[] Rewrite(ReadOnlySpan<byte> boxes, ReplaceBox replace)
    {
        var result = new List<byte>();
        while (boxes.Length >= HeaderBytes)
        {
            var box = boxes[..(int)BinaryPrimitives.ReadUInt32BigEndian(boxes)];
            boxes = boxes[box.Length..];
            if (replace(box) is { } replaced)
            {
                result.AddRange(replaced);
            }
            else if (Containers.Contains(TypeOf(box)))
            {
                var children = Rewrite(box[HeaderBytes..], replace);
                result.AddRange([.. Word((uint)(HeaderBytes + children.Length)), .. box[4..HeaderBytes], .. children]);
            }
            else
            {
                result.AddRange(box);
            }
        }

        return [.. result];
    }

    private static string TypeOf(ReadOnlySpan<byte> box) => Encoding.Latin1.GetString(box[4..HeaderBytes]);

    private static byte[] Box(string type, params uint[] fields) =>
    [
        .. Word((uint)(HeaderBytes + (4 * fields.Length))), .. Encoding.Latin1.GetBytes(type),
        .. fields.SelectMany(Word),
    ];

    private static byte[] Word(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    private delegate byte[]? ReplaceBox(ReadOnlySpan<byte> box);
}
