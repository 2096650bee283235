using System.Text;

namespace ForegSyte.Fuzz.Tests.Corpus;

/// <summary>Frames that are said to be of another codec, or of none; parameters of H.264 that are noise.</summary>
internal static class Codecs
{
    /// <summary>Offset of the type of the first description in the payload of "stsd".</summary>
    private const int TypeAt = 12;

    private static readonly string[] Types =
    [
        "xxxx", "\0\0\0\0", "mp4v", "hev1", "hvc1", "av01", "vp09", "vp08", "mjpa", "jpeg", "raw ", "png ", "SVQ3",
        "cvid", "rle ", "text", "tmcd", "encv", "drmi", "apcn", "dvc ", "rv20", "jxl ", "gif ", "tx3g", "WRLE", "smc ",
        "qdrw",
    ];

    public static IEnumerable<BrokenVideo> Make()
    {
        foreach (var type in Types)
        {
            yield return new BrokenVideo(
                $"frames of codec {type.Replace('\0', '0')}",
                Sample.After("stsd", box => Encoding.Latin1.GetBytes(type, box.Payload.AsSpan(TypeAt))));
        }

        for (var seed = 0; seed < 12; seed++)
        {
            yield return new BrokenVideo(
                $"parameters of H.264 that are wrong, seed {seed}", Sample.After("stsd", box => Spoil(box, seed)));
        }
    }

    private static void Spoil(Mp4Part description, int seed)
    {
        var start = description.Payload.AsSpan().IndexOf("avcC"u8) + 4;
        var parameters = description.Payload.AsSpan(start, 40);
        var random = new Random(seed);
        for (var left = 1 << (seed % 5); left > 0; left--)
        {
            parameters[random.Next(parameters.Length)] = (byte)random.Next(256);
        }
    }
}
