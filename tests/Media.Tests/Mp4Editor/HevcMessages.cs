namespace ForegSyte.Media.Tests.Mp4Editor;

/// <summary>Adds messages (SEI) to a raw HEVC stream, which no encoder of FFmpeg writes.</summary>
internal static class HevcMessages
{
    private const int FirstParameterSet = 32;
    private const int DisplayOrientation = 47;
    private const int PrefixMessage = 39;

    private static readonly byte[] StartCode = [0, 0, 1];

    /// <summary>
    /// Puts a display orientation (ITU-T H.265, D.2.17) before every picture: an angle counter-clockwise, no flips.
    /// </summary>
    public static byte[] Turned(byte[] stream, int degrees)
    {
        // Not cancelled, no flips, 16 bits of angle, persistent; then a one and zeros up to the byte.
        var bits = ((uint)(degrees * 65536 / 360) << 5) | 0b11000;
        byte[] message =
        [
            .. StartCode, PrefixMessage << 1, 1, DisplayOrientation, 3,
            (byte)(bits >> 16), (byte)(bits >> 8), (byte)bits, 0x80,
        ];
        var turned = new List<byte>();
        for (var at = 0; at < stream.Length; at++)
        {
            if (IsFirstSlice(stream.AsSpan(at)))
            {
                turned.AddRange(message);
            }

            turned.Add(stream[at]);
        }

        return [.. turned];
    }

    /// <summary>Whether a start code and the first slice of a picture follow.</summary>
    private static bool IsFirstSlice(ReadOnlySpan<byte> bytes)
    {
        var code = StartCode.Length;
        return bytes.StartsWith(StartCode) && bytes.Length > code + 2
            && ((bytes[code] >> 1) & 0x3F) < FirstParameterSet
            && (bytes[code + 2] & 0x80) != 0;
    }
}
