using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace ForegSyte.Protocol.Checksums;

/// <summary>
/// CRC-32C (Castagnoli; RFC 3720, section 12.1, with its check values), by the processor's instruction where it has
/// one: the checksum of the parts of an upload.
/// </summary>
public static class Crc32C
{
    /// <summary>The checksum of some bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="before">The checksum of what comes before them; 0 where they are the first.</param>
    /// <remarks>
    /// Compiled for speed from the first call on: the first gigabyte after a start is not to pay for the time until the
    /// runtime would do so by itself.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static uint Of(ReadOnlySpan<byte> bytes, uint before = 0)
    {
        var crc = ~before;
        while (bytes.Length >= sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (var value in bytes)
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return ~crc;
    }
}
