namespace ForegSyte.Client.Tests.Fakes;

/// <summary>CRC-32C bit by bit from its definition, independent of the client's implementation.</summary>
public static class BitwiseCrc32C
{
    /// <summary>The polynomial 1EDC6F41, reversed.</summary>
    private const uint Polynomial = 0x82F63B78;

    public static uint Of(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * Polynomial);
            }
        }

        return ~crc;
    }
}
