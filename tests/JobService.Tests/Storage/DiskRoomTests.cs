using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Storage;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Storage;

public sealed class DiskRoomTests
{
    private long _free = 100;

    [Fact]
    public void Reserve_WhatOthersReserved_IsRefusedUntilTheyEnd()
    {
        var room = new DiskRoom(() => _free, minFreeBytes: 10);
        var first = room.Reserve(60);

        Assert.Equal(ErrorReason.StorageFull, Assert.Throws<ServiceException>(() => room.Reserve(31)).Reason);

        first.Dispose();
        first.Dispose();
        room.Reserve(90).Dispose();
        Assert.Throws<ServiceException>(() => room.Reserve(91));
    }

    [Fact]
    public void Wrote_BytesThatTheDiskHas_CountOnce()
    {
        var room = new DiskRoom(() => _free, minFreeBytes: 10);
        using var first = room.Reserve(60);

        _free -= 50;
        first.Wrote(50);

        room.Reserve(30).Dispose();
        Assert.Throws<ServiceException>(() => room.Reserve(31));
        first.Wrote(1000);
        room.Reserve(40).Dispose();
    }

    [Fact]
    public void Reserve_WithoutAMinimum_IsNeverRefused() =>
        new DiskRoom(() => _free, minFreeBytes: 0).Reserve(1000).Dispose();
}
