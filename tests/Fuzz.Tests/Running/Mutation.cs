namespace ForegSyte.Fuzz.Tests.Running;

/// <summary>Makes small changes to bytes and texts.</summary>
internal static class Mutation
{
    /// <summary>Boundary values of number types.</summary>
    private static readonly byte[][] Edges =
    [
        [0, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0xFF], [0x7F, 0xFF, 0xFF, 0xFF], [0x80, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 8],
        [0xFF, 0xFF, 0xFF, 0xF0, 0, 0, 0, 0], [0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
    ];

    private static readonly string[] Pieces =
    [
        "\0", "\n", "\"", "'", "\\", "{", "}", "[", "]", "(", ")", ",", ":", "=", "-", "..", "/", "%00", "%2e",
        "\u202E", "é", "🎥", "\uD800", "1e999", "-1", "9223372036854775808", "null", "true", "NOT ", " AND ",
        " OR ", "((((((",
    ];

    /// <summary>Flips bits, inserts numbers and noise, and duplicates or removes pieces.</summary>
    public static byte[] OfBytes(ReadOnlySpan<byte> original, Random random)
    {
        List<byte> bytes = [.. original];
        for (var left = random.Next(1, 6); left > 0; left--)
        {
            var at = random.Next(bytes.Count + 1);
            var length = Math.Min(random.Next(1, 17), bytes.Count - at);
            switch (random.Next(6))
            {
                case 0 when at < bytes.Count:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes.RemoveRange(at, length);
                    break;
                case 2:
                    bytes.InsertRange(at, bytes.GetRange(at, length));
                    break;
                case 3:
                    var edge = Edges[random.Next(Edges.Length)];
                    bytes.RemoveRange(at, Math.Min(edge.Length, bytes.Count - at));
                    bytes.InsertRange(at, edge);
                    break;
                case 4:
                    var noise = new byte[random.Next(1, 9)];
                    random.NextBytes(noise);
                    bytes.InsertRange(at, noise);
                    break;
                default:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
            }
        }

        return [.. bytes];
    }

    /// <summary>Inserts characters and special pieces, and duplicates or removes pieces.</summary>
    public static string OfText(string original, Random random)
    {
        var text = original;
        for (var left = random.Next(0, 5); left > 0; left--)
        {
            var at = random.Next(text.Length + 1);
            var length = Math.Min(random.Next(1, 9), text.Length - at);
            text = random.Next(4) switch
            {
                0 => text.Remove(at, length),
                1 => text.Insert(at, text.Substring(at, length)),
                2 => text.Insert(at, Pieces[random.Next(Pieces.Length)]),
                _ => text.Insert(at, ((char)random.Next(0x20, 0x250)).ToString()),
            };
        }

        return text;
    }
}
