namespace ForegSyte.Jobs.Storage;

/// <summary>Reserves free space of the disk for bytes that are about to be written.</summary>
/// <param name="freeBytes">Free space of the disk.</param>
/// <param name="minFreeBytes">Free space that must remain; 0 reserves nothing.</param>
internal sealed class DiskRoom(Func<long> freeBytes, long minFreeBytes)
{
    private readonly Lock _lock = new();
    private long _reservedBytes;

    /// <summary>Reserves free space until it is used or the reservation is disposed.</summary>
    /// <exception cref="Hosting.Errors.ServiceException">STORAGE_FULL.</exception>
    public RoomReservation Reserve(long bytes)
    {
        if (minFreeBytes == 0)
        {
            return new RoomReservation(this, 0);
        }

        lock (_lock)
        {
            if (freeBytes() - _reservedBytes - bytes < minFreeBytes)
            {
                throw DiskFull.Report(minFreeBytes);
            }

            _reservedBytes += bytes;
            return new RoomReservation(this, bytes);
        }
    }

    /// <summary>Ends the reservation of some bytes.</summary>
    internal void Release(long bytes)
    {
        lock (_lock)
        {
            _reservedBytes -= bytes;
        }
    }
}

/// <summary>Free space that is reserved until this is disposed. One caller at a time.</summary>
/// <param name="room">The disk; null for a reservation of nothing.</param>
/// <param name="bytes">The bytes.</param>
internal sealed class RoomReservation(DiskRoom? room, long bytes) : IDisposable
{
    private long _left = bytes;

    /// <summary>Ends the reservation of bytes that are written: the free space of the disk shows them now.</summary>
    public void Wrote(long written)
    {
        var used = Math.Min(written, _left);
        _left -= used;
        room?.Release(used);
    }

    /// <inheritdoc />
    public void Dispose() => Wrote(_left);
}
