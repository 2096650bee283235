using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace ForegSyte.Protocol.Checksums;

/// <summary>
/// CRC-32C (Castagnoli; RFC 3720, section 12.1), the checksum of the parts of an upload. Uses the processor's
/// instruction if there is one.
/// </summary>
public static class Crc32C
{
    /// <summary>Computes the checksum.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="before">Checksum of the preceding bytes; 0 for none.</param>
    /// <remarks>
    /// Optimized from the first call, because the first gigabyte after a start should not wait for tiered compilation.
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
