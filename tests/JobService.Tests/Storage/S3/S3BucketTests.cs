using System.Net;
using System.Net.Sockets;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Storage.S3;
using ForegSyte.Testing.Servers;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Storage.S3;

public sealed class S3BucketTests(SharedServers servers)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(S3ReadStream.FirstRangeBytes)]
    [InlineData(S3ReadStream.FirstRangeBytes + 1)]
    [InlineData(11_000_000)]
    public async Task Write_ThenRead_IsTheSameBytes(int length)
    {
        using var bucket = await MakeAsync();
        var path = bucket.MakeFile(length);
        await bucket.Bucket.WriteAsync("a/b", path, length, Cancellation);

        await using var stream = await S3ReadStream.OpenAsync(bucket.Bucket, "a/b", Cancellation);

        Assert.Equal(length, stream.Length);
        Assert.Equal(
            await File.ReadAllBytesAsync(path, Cancellation), await TestBucket.ReadAllAsync(stream, Cancellation));
        Assert.Equal(0, await stream.ReadAsync(new byte[1], Cancellation));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5 << 20)]
    [InlineData(11_000_000)]
    public async Task Copy_AtOnceOrInParts_IsTheSameBytes(int length)
    {
        using var bucket = await MakeAsync();
        var path = bucket.MakeFile(length);
        await bucket.Bucket.WriteAsync("a", path, length, Cancellation);
        var copier = new S3Bucket(bucket.Connection, Microsoft.Extensions.Options.Options.Create(bucket.Options))
        {
            MaxCopyBytes = 5 << 20,
        };

        await copier.CopyAsync("a", "b", Cancellation);

        await using var stream = await S3ReadStream.OpenAsync(bucket.Bucket, "b", Cancellation);
        Assert.Equal(
            await File.ReadAllBytesAsync(path, Cancellation), await TestBucket.ReadAllAsync(stream, Cancellation));
        await Assert.ThrowsAsync<FileNotFoundException>(() => copier.CopyAsync("missing", "c", Cancellation));
    }

    [Fact]
    public async Task Read_AnyPlaceInAnyOrder_IsTheBytesThere()
    {
        const int length = 3_000_000;
        using var bucket = await MakeAsync();
        var path = bucket.MakeFile(length);
        var expected = await File.ReadAllBytesAsync(path, Cancellation);
        await bucket.Bucket.WriteAsync("a", path, length, Cancellation);
        await using var stream = await S3ReadStream.OpenAsync(bucket.Bucket, "a", Cancellation);
        var random = new Random(7);

        for (var i = 0; i < 60; i++)
        {
            stream.Position = random.Next(length);
            var buffer = new byte[random.Next(1, 200_000)];
            var count = await stream.ReadAtLeastAsync(
                buffer, buffer.Length, throwOnEndOfStream: false, Cancellation);
            var start = (int)stream.Position - count;
            Assert.True(
                expected.AsSpan(start, count).SequenceEqual(buffer.AsSpan(0, count)), $"Other bytes at {start}.");
            Assert.Equal(Math.Min(buffer.Length, length - start), count);
        }
    }

    [Fact]
    public async Task Read_ObjectIsReplaced_FailsAndNeverMixesBoth()
    {
        using var bucket = await MakeAsync();
        await bucket.Bucket.WriteAsync("a", bucket.MakeFile(1_000_000), 1_000_000, Cancellation);
        await using var stream = await S3ReadStream.OpenAsync(bucket.Bucket, "a", Cancellation);
        await bucket.Bucket.WriteAsync("a", bucket.MakeFile(1_000_001), 1_000_001, Cancellation);
        stream.Position = 500_000;

        var failure = await Assert.ThrowsAsync<IOException>(() =>
            stream.ReadExactlyAsync(new byte[1], Cancellation).AsTask());

        Assert.Contains("was replaced", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_MoreThanAPage_IsEverythingBelowThePrefix()
    {
        using var bucket = await MakeAsync();
        var names = Enumerable.Range(0, 1_005).Select(i => $"many/{i:D5}").ToList();
        await Parallel.ForEachAsync(names, Cancellation, async (name, token) =>
            await bucket.Bucket.WriteTextAsync(name, "x", token));
        await bucket.Bucket.WriteTextAsync("other", "x", Cancellation);

        var listed = await bucket.Bucket.ListAsync("many/", Cancellation).ToListAsync(Cancellation);

        Assert.Equal(names, listed.Select(entry => entry.Name));
        Assert.All(listed, entry => Assert.Equal(1, entry.Bytes));
        var now = bucket.Time.GetUtcNow();
        Assert.All(listed, entry => Assert.InRange(entry.ModifiedAt, now.AddHours(-1), now.AddHours(1)));

        await bucket.Bucket.DeleteAsync(names, Cancellation);
        var left = await bucket.Bucket.ListAsync("", Cancellation).ToListAsync(Cancellation);
        Assert.Equal(["other"], left.Select(entry => entry.Name));
    }

    [Fact]
    public async Task AbortUploads_OfADeadProcess_AreGone()
    {
        using var bucket = await MakeAsync();
        await bucket.Connection.Client.InitiateMultipartUploadAsync(
            bucket.Options.Bucket, "installation/videos/dead", Cancellation);
        await bucket.Connection.Client.InitiateMultipartUploadAsync(
            bucket.Options.Bucket, "other/videos/dead", Cancellation);

        var now = bucket.Time.GetUtcNow();
        Assert.Equal(0, await bucket.Bucket.AbortUploadsAsync("", now.AddHours(-1), Cancellation));
        Assert.Equal(1, await bucket.Bucket.AbortUploadsAsync("", now.AddHours(1), Cancellation));
        Assert.Equal(0, await bucket.Bucket.AbortUploadsAsync("", now.AddHours(1), Cancellation));
    }

    [Fact]
    public async Task AddressOf_WithoutKeys_ReadsTheObjectAndItsRanges()
    {
        using var bucket = await MakeAsync();
        await bucket.Bucket.WriteTextAsync("a", "hello", Cancellation);
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(
            HttpMethod.Get, await bucket.Bucket.AddressOfAsync("a", bucket.Time.GetUtcNow().AddMinutes(5)));
        request.Headers.Range = new System.Net.Http.Headers.RangeHeaderValue(1, 3);

        using var response = await client.SendAsync(request, Cancellation);

        Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
        Assert.Equal("ell", await response.Content.ReadAsStringAsync(Cancellation));
    }

    [Fact]
    public async Task Missing_IsFileNotFound()
    {
        using var bucket = await MakeAsync();

        Assert.False(await bucket.Bucket.ExistsAsync("none", Cancellation), "There is an object none.");
        await Assert.ThrowsAsync<FileNotFoundException>(() =>
            S3ReadStream.OpenAsync(bucket.Bucket, "none", Cancellation));
        await bucket.Bucket.DeleteAsync("none", Cancellation);
    }

    [Fact]
    public async Task Cancellation_OfTheCaller_IsNoFailureOfTheServer()
    {
        using var bucket = await MakeAsync();
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            bucket.Bucket.ExistsAsync("none", cancelled.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            bucket.Bucket.WriteAsync("a", bucket.MakeFile(20 << 20), 20 << 20, cancelled.Token));
    }

    [Fact]
    public async Task NobodyListens_IsUnavailableWithADelay()
    {
        using var bucket = await MakeAsync();
        bucket.Options.Endpoint = $"http://127.0.0.1:{UnusedPort()}";
        bucket.Options.MaxRetries = 0;

        var failure = await Assert.ThrowsAsync<ServiceException>(() => bucket.Bucket.ExistsAsync("a", Cancellation));

        Assert.Equal((ErrorReason.StorageUnavailable, TimeSpan.FromSeconds(7)), (failure.Reason, failure.RetryAfter));
    }

    [Fact]
    public async Task Keys_ChangeInTheirFiles_AreUsedWithoutARestart()
    {
        using var bucket = await MakeAsync();
        Assert.False(await bucket.Bucket.ExistsAsync("a", Cancellation), "There is an object a.");
        await File.WriteAllTextAsync(bucket.Options.SecretKeyFile, "wrong", Cancellation);

        var failure = await Assert.ThrowsAsync<ServiceException>(() =>
            bucket.Bucket.ListAsync("", Cancellation).ToListAsync(Cancellation).AsTask());
        await File.WriteAllTextAsync(bucket.Options.SecretKeyFile, CephServer.SecretKey, Cancellation);

        Assert.Equal(ErrorReason.StorageUnavailable, failure.Reason);
        Assert.False(await bucket.Bucket.ExistsAsync("a", Cancellation), "There is an object a.");
    }

    private static int UnusedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task<TestBucket> MakeAsync() => await TestBucket.CreateAsync(await servers.CephOrSkipAsync());
}
