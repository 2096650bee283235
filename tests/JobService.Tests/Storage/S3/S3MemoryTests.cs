using ForegSyte.Jobs.Storage.S3;
using ForegSyte.Testing.Servers;

namespace ForegSyte.Jobs.Tests.Storage.S3;

/// <summary>
/// Memory of uploads and reads. It is measured for the whole process, so no other test can run at the same time.
/// </summary>
[CollectionDefinition(DisableParallelization = true)]
[Collection(typeof(S3MemoryTests))]
public sealed class S3MemoryTests(SharedServers servers)
{
    private const int Bytes = 50 << 20;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WriteAndRead_LargeObject_HoldABoundedPart()
    {
        using var bucket = await TestBucket.CreateAsync(await servers.CephOrSkipAsync());
        var path = bucket.MakeFile(Bytes);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var (most, seen) = (0L, 0L);

        var write = bucket.Bucket.WriteAsync("large", path, Bytes, Cancellation);
        while (!write.IsCompleted)
        {
            most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - before);
            await Task.WhenAny(write, Task.Delay(TimeSpan.FromMilliseconds(25), Cancellation));
        }

        await write;
        await using var stream = await S3ReadStream.OpenAsync(bucket.Bucket, "large", Cancellation);
        var buffer = new byte[S3ReadStream.MaxRangeBytes];
        while (await stream.ReadAsync(buffer, Cancellation) is > 0 and var count)
        {
            seen += count;
            most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - before);
        }

        Assert.Equal(Bytes, seen);
        Assert.InRange(most, 0, Bytes / 2);
    }
}
