using System.Runtime.InteropServices;

namespace ForegSyte.Jobs.Uploads;

/// <summary>
/// The bytes of a part, at an address from which a disk can take them without a copy. Whoever writes it and whoever
/// hashes it hold it together; the last to dispose it gives the memory back.
/// </summary>
internal sealed class PartBuffer : IDisposable
{
    /// <summary>
    /// What addresses, offsets and lengths of direct writes are multiples of: the blocks of common disks, and whole
    /// pages, so that no page is written in two ways.
    /// </summary>
    public static readonly int Alignment = Math.Max(4096, Environment.SystemPageSize);

    private readonly PartBuffers _owner;
    private readonly byte[] _memory;
    private readonly int _start;
    private int _holders = 1;

    /// <param name="owner">Takes the memory back.</param>
    /// <param name="memory">Pinned, at least <see cref="Alignment"/> longer than the part.</param>
    /// <param name="length">Bytes of the part.</param>
    public PartBuffer(PartBuffers owner, byte[] memory, int length)
    {
        (_owner, _memory, Length) = (owner, memory, length);
        _start = (int)(-(long)Marshal.UnsafeAddrOfPinnedArrayElement(memory, 0) & (Alignment - 1));
    }

    /// <summary>Bytes of the part.</summary>
    public int Length { get; }

    /// <summary>Bytes that it takes, which may be many more than a small part has.</summary>
    public int MemoryBytes => _memory.Length;

    /// <summary>The bytes; the first lies at a multiple of <see cref="Alignment"/>.</summary>
    public Memory<byte> Data => _memory.AsMemory(_start, Length);

    /// <summary>One more holder, who has to dispose it too.</summary>
    public PartBuffer Share()
    {
        Interlocked.Increment(ref _holders);
        return this;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
        {
            _owner.Return(_memory);
        }
    }
}
