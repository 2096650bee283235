using System.Runtime.InteropServices;

namespace ForegSyte.Jobs.Storage.Cache;

/// <summary>
/// Tells of most request ids that they were never used, without asking the database (a Bloom filter). Request ids are
/// random, so that their own bits are the hashes. Forgotten ids stay: they cost a look-up and nothing else.
/// </summary>
internal sealed class RequestIdFilter
{
    /// <summary>
    /// 2 MiB: with 4 bits an id, 1 in 500 new ids is looked up in vain when a million were used.
    /// </summary>
    private const int BitCount = 1 << 24;

    private readonly int[] _words = new int[BitCount / 32];

    /// <summary>Notes an id.</summary>
    public void Add(Guid requestId)
    {
        foreach (var bit in Hashes(requestId))
        {
            Interlocked.Or(ref _words[bit / 32], 1 << (bit % 32));
        }
    }

    /// <summary>False where the id was surely never noted.</summary>
    public bool MayContain(Guid requestId)
    {
        foreach (var bit in Hashes(requestId))
        {
            if ((Volatile.Read(ref _words[bit / 32]) & (1 << (bit % 32))) == 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Four numbers below <see cref="BitCount"/>, each from 24 bits that UUID version 4 leaves random.
    /// </summary>
    private static int[] Hashes(Guid requestId)
    {
        Span<byte> bytes = stackalloc byte[16];
        MemoryMarshal.Write(bytes, requestId);
        return
        [
            bytes[0] | (bytes[1] << 8) | (bytes[2] << 16),
            bytes[3] | (bytes[4] << 8) | (bytes[5] << 16),
            bytes[9] | (bytes[10] << 8) | (bytes[11] << 16),
            bytes[12] | (bytes[13] << 8) | (bytes[14] << 16),
        ];
    }
}
