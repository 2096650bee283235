using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Storage.S3;
using ForegSyte.Testing;
using ForegSyte.Testing.Servers;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Storage.S3;

/// <summary>A server of its own that is suspended, stopped and killed while it is used.</summary>
public sealed class S3OutageTests : IAsyncLifetime
{
    private const int LargeBytes = 30 << 20;

    private CephServer _server = null!;
    private TestBucket _bucket = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await CephServer.StartOrSkipAsync();
        _bucket = await TestBucket.CreateAsync(_server);
    }

    public async ValueTask DisposeAsync()
    {
        _bucket?.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Server_IsSuspended_RequestsEndInTimeAndSucceedAgainLater()
    {
        _bucket.Options.RequestTimeout = TimeSpan.FromSeconds(1);
        _bucket.Options.MaxRetries = 1;
        var path = _bucket.MakeFile(LargeBytes);
        await _bucket.Bucket.WriteTextAsync("small", "text", Cancellation);
        _server.Freeze();

        var get = await Assert.ThrowsAsync<ServiceException>(() =>
            S3ReadStream.OpenAsync(_bucket.Bucket, "small", Cancellation));
        var put = await Assert.ThrowsAsync<ServiceException>(() =>
            _bucket.Bucket.WriteTextAsync("small", "other", Cancellation));
        var putInParts = await Assert.ThrowsAsync<ServiceException>(() =>
            _bucket.Bucket.WriteAsync("large", path, LargeBytes, Cancellation));
        _server.Continue();

        Assert.All([get, put, putInParts], failure => Assert.Equal(ErrorReason.StorageUnavailable, failure.Reason));
        _bucket.Options.RequestTimeout = TimeSpan.FromSeconds(30);
        using var later = new S3Connection(Microsoft.Extensions.Options.Options.Create(_bucket.Options));
        var again = new S3Bucket(later, Microsoft.Extensions.Options.Options.Create(_bucket.Options));
        await again.WriteAsync("large", path, LargeBytes, Cancellation);
        await using var stream = await S3ReadStream.OpenAsync(again, "large", Cancellation);
        Assert.Equal(
            await File.ReadAllBytesAsync(path, Cancellation), await TestBucket.ReadAllAsync(stream, Cancellation));
    }

    [Fact]
    public async Task Server_IsSuspendedForAMoment_RequestsSucceedLate()
    {
        var path = _bucket.MakeFile(LargeBytes);
        _server.Freeze();
        var put = _bucket.Bucket.WriteAsync("large", path, LargeBytes, Cancellation);
        Assert.False(put.IsCompleted, "A suspended server answered.");
        _server.Continue();
        await put;

        await using var stream = await S3ReadStream.OpenAsync(_bucket.Bucket, "large", Cancellation);
        _server.Freeze();
        stream.Position = LargeBytes / 2;
        var get = TestBucket.ReadAllAsync(stream, Cancellation);
        Assert.False(get.IsCompleted, "A suspended server answered.");
        _server.Continue();

        Assert.Equal(
            (await File.ReadAllBytesAsync(path, Cancellation))[(LargeBytes / 2)..], await get);
    }

    [Fact]
    public async Task Server_IsKilledDuringRequests_TheyFailAndSucceedWhenItIsBack()
    {
        _bucket.Options.MaxRetries = 1;
        var path = _bucket.MakeFile(LargeBytes);
        await _bucket.Bucket.WriteAsync("old", path, LargeBytes, Cancellation);
        await using var stream = await S3ReadStream.OpenAsync(_bucket.Bucket, "old", Cancellation);
        _server.Freeze();
        stream.Position = LargeBytes / 2;
        var get = TestBucket.ReadAllAsync(stream, Cancellation);
        var put = _bucket.Bucket.WriteAsync("new", path, LargeBytes, Cancellation);
        await _server.CrashAsync();

        Assert.Equal(
            ErrorReason.StorageUnavailable, (await Assert.ThrowsAsync<ServiceException>(() => get)).Reason);
        Assert.Equal(
            ErrorReason.StorageUnavailable, (await Assert.ThrowsAsync<ServiceException>(() => put)).Reason);

        await _server.StartAsync();
        Assert.True(await WhenBackAsync("old"), "An acknowledged object is gone.");
        Assert.False(await _bucket.Bucket.ExistsAsync("new", Cancellation), "A failed upload left an object.");
        stream.Position = 0;
        Assert.Equal(
            await File.ReadAllBytesAsync(path, Cancellation), await TestBucket.ReadAllAsync(stream, Cancellation));
    }

    /// <summary>The gateway listens before it answers.</summary>
    private Task<bool> WhenBackAsync(string name) => Wait.ForAsync(
        async () =>
        {
            try
            {
                return await _bucket.Bucket.ExistsAsync(name, Cancellation);
            }
            catch (ServiceException)
            {
                return false;
            }
        },
        exists => exists,
        "the server answers again");
}
