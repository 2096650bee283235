using System.Numerics;
using System.Runtime.InteropServices;

namespace ForegSyte.Client.Uploads;

/// <summary>CRC-32C (Castagnoli; RFC 3720, section 12.1), with the processor's instruction where it has one.</summary>
internal static class Crc32C
{
    /// <summary>The checksum of the data.</summary>
    public static uint Of(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        var words = MemoryMarshal.Cast<byte, ulong>(data);
        foreach (var word in words)
        {
            crc = BitOperations.Crc32C(crc, BitConverter.IsLittleEndian ? word : ReverseBytes(word));
        }

        foreach (var value in data[(words.Length * sizeof(ulong))..])
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return ~crc;
    }

    private static ulong ReverseBytes(ulong word) => System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(word);
}
