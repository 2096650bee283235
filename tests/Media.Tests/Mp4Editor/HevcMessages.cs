namespace ForegSyte.Media.Tests.Mp4Editor;

/// <summary>Adds messages (SEI) that no encoder of FFmpeg writes.</summary>
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
        byte[] message = [.. StartCode, PrefixMessage << 1, 1, .. Orientation(degrees)];
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

    /// <summary>
    /// Puts a display orientation into the configuration record of a track (ISO/IEC 14496-15): of HEVC as messages, of
    /// H.264, which has no place for them, among the parameter sets.
    /// </summary>
    public static void TurnConfiguration(this Mp4Node track, int degrees)
    {
        var record = track["mdia/minf/stbl/stsd"].Children![0].Children!.Single(box => box.Type is "hvcC" or "avcC");
        if (record.Type == "hvcC")
        {
            byte[] message = [PrefixMessage << 1, 1, .. Orientation(degrees)];
            record.Payload = [.. record.Payload, PrefixMessage, 0, 1, 0, (byte)message.Length, .. message];
            record.Payload[22]++;
        }
        else
        {
            const int firstSet = 6;
            byte[] message = [6, .. Orientation(degrees)];
            var behind = firstSet + 2 + record.Payload[firstSet + 1];
            record.Payload =
                [.. record.Payload[..behind], 0, (byte)message.Length, .. message, .. record.Payload[behind..]];
            record.Payload[firstSet - 1]++;
        }
    }

    private static byte[] Orientation(int degrees)
    {
        // Not cancelled, no flips, 16 bits of angle, persistent; then a one and zeros up to the byte.
        var bits = ((uint)(degrees * 65536 / 360) << 5) | 0b11000;
        return [DisplayOrientation, 3, (byte)(bits >> 16), (byte)(bits >> 8), (byte)bits, 0x80];
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
