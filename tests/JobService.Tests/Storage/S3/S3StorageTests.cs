using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using ForegSyte.Jobs.Storage.S3;
using ForegSyte.Testing.Servers;

namespace ForegSyte.Jobs.Tests.Storage.S3;

/// <summary>Videos by content, and what the storage does beyond <see cref="StorageContract"/>.</summary>
public sealed class S3StorageTests(SharedServers servers)
{
    private static readonly string Content = new('a', 64);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task CommitShared_KnownVideo_UploadsNothing()
    {
        using var bucket = await MakeAsync();
        var first = await PutVideoAsync(bucket, "video");

        var second = await PutVideoAsync(bucket, "video");

        Assert.Equal(first, second);
        Assert.Equal([first], await KeysAsync(bucket));
        Assert.Equal("video", await GetAsync(bucket, first));
    }

    [Fact]
    public async Task CommitShared_TheSameVideoAtTheSameTime_LeavesOneObject()
    {
        using var bucket = await MakeAsync();
        var (started, count) = (new TaskCompletionSource(), 0);

        // Both have uploaded the video before one of them records it.
        bucket.Videos.OnRecord = () =>
        {
            if (Interlocked.Increment(ref count) == 2)
            {
                started.SetResult();
            }

            return started.Task;
        };

        var keys = await Task.WhenAll(PutVideoAsync(bucket, "video"), PutVideoAsync(bucket, "video"));

        Assert.Equal(keys[0], keys[1]);
        Assert.Equal([keys[0]], await KeysAsync(bucket));
    }

    [Fact]
    public async Task CommitShared_ObjectIsLost_UploadsItAgain()
    {
        using var bucket = await MakeAsync();
        var lost = await PutVideoAsync(bucket, "video");
        await bucket.Bucket.DeleteAsync($"videos/{lost}", Cancellation);

        var found = await PutVideoAsync(bucket, "video");

        Assert.NotEqual(lost, found);
        Assert.Equal("video", await GetAsync(bucket, found));
        Assert.Equal([found], bucket.Videos.Keys);
    }

    [Fact]
    public async Task TryLink_StoredVideo_IsTheSameObject()
    {
        using var bucket = await MakeAsync();
        var key = await PutVideoAsync(bucket, "video");

        await using var linked = await bucket.Storage.TryLinkAsync(key, "job.mp4", Cancellation);

        Assert.Equal(5, linked!.Stream.Length);
        Assert.Equal(key, await linked.CommitSharedAsync(Content, Cancellation));
        await Assert.ThrowsAsync<FileNotFoundException>(async () =>
            await bucket.Storage.TryLinkAsync(VideoKey.New(new string('b', 64)), "job.mp4", Cancellation));
    }

    [Fact]
    public async Task TryAdopt_FileOfAnUpload_StaysAndIsUploaded()
    {
        using var bucket = await MakeAsync();
        var path = bucket.MakeFile(1_000);

        string key;
        await using (var adopted = await bucket.Storage.TryAdoptAsync(path, "job.mp4", Cancellation))
        {
            key = await adopted!.CommitSharedAsync(Content, Cancellation);
        }

        Assert.True(File.Exists(path), "The file of the upload is gone.");
        await using var stream = await bucket.Storage.OpenReadAsync(key, Cancellation);
        Assert.Equal(
            await File.ReadAllBytesAsync(path, Cancellation), await TestBucket.ReadAllAsync(stream, Cancellation));
    }

    [Fact]
    public async Task RemoveUnshared_UnusedVideo_IsDeletedAndUploadedAgain()
    {
        using var bucket = await MakeAsync();
        var old = await PutVideoAsync(bucket, "video");

        Assert.Equal(1, await bucket.Storage.RemoveUnsharedAsync(Cancellation));
        Assert.Empty(await KeysAsync(bucket));
        Assert.Equal(0, await bucket.Storage.RemoveUnsharedAsync(Cancellation));

        Assert.NotEqual(old, await PutVideoAsync(bucket, "video"));
    }

    [Fact]
    public async Task RemoveUnshared_UnrecordedVideo_StaysUntilItIsOld()
    {
        using var bucket = await MakeAsync();
        var key = VideoKey.New(Content);
        await bucket.Bucket.WriteTextAsync($"videos/{key}", "of a dead process", Cancellation);

        Assert.Equal(0, await bucket.Storage.RemoveUnsharedAsync(Cancellation));
        bucket.Time.Advance(bucket.Options.AbandonedAge + TimeSpan.FromHours(1));

        Assert.Equal(1, await bucket.Storage.RemoveUnsharedAsync(Cancellation));
        Assert.Empty(await KeysAsync(bucket));
    }

    [Fact]
    public async Task GrantRead_Video_HasItsContentAsStableId()
    {
        using var bucket = await MakeAsync();
        var key = await PutVideoAsync(bucket, "video");
        using var client = new HttpClient();

        var grant = await bucket.Storage.GrantReadAsync(key, TimeSpan.FromMinutes(5), Cancellation);

        Assert.Equal(Content, grant.ContentId);
        Assert.Equal("video", await client.GetStringAsync(grant.Uri, Cancellation));
        Assert.Null((await bucket.Storage.GrantReadAsync("job.json", TimeSpan.FromMinutes(5), Cancellation)).ContentId);
    }

    [Fact]
    public async Task GrantRead_ClockOfTheNodeIsWrong_ExpiresByTheClockOfTheStore()
    {
        using var bucket = await MakeAsync();
        bucket.Time.Advance(TimeSpan.FromHours(2));

        var grant = await bucket.Storage.GrantReadAsync("job.json", TimeSpan.FromMinutes(5), Cancellation);

        var seconds = int.Parse(
            Regex.Match(grant.Uri.Query, "X-Amz-Expires=([0-9]+)").Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.InRange(seconds, 6_000, 7_500);
    }

    [Fact]
    public async Task RemoveAbandoned_UploadsOfOtherPrograms_Stay()
    {
        using var bucket = await MakeAsync();
        foreach (var name in (string[])["jobs/dead", "videos/dead", "other/program"])
        {
            await bucket.Connection.Client.InitiateMultipartUploadAsync(
                bucket.Options.Bucket, bucket.Options.Prefix + name, Cancellation);
        }

        Assert.Equal(0, await bucket.Storage.RemoveAbandonedAsync(Cancellation));
        bucket.Time.Advance(bucket.Options.AbandonedAge + TimeSpan.FromHours(1));

        Assert.Equal(2, await bucket.Storage.RemoveAbandonedAsync(Cancellation));
        Assert.Equal(1, await bucket.Bucket.AbortUploadsAsync("other/", bucket.Time.GetUtcNow(), Cancellation));
    }

    [Fact]
    public async Task Spool_SecondProcess_IsRefusedAndLeftFilesAreDeleted()
    {
        using var bucket = await MakeAsync();
        Directory.CreateDirectory(bucket.Options.SpoolFolder);
        var left = Path.Combine(bucket.Options.SpoolFolder, "left.tmp");
        await File.WriteAllTextAsync(left, "half a video", Cancellation);
        await PutVideoAsync(bucket, "video");

        Assert.Equal(
            [Path.Combine(bucket.Options.SpoolFolder, ".lock")], Directory.GetFiles(bucket.Options.SpoolFolder));
        var failure = Assert.Throws<ObjectStorageException>(() =>
            new SpoolFolder(Microsoft.Extensions.Options.Options.Create(bucket.Options)));
        Assert.Contains("S3:SpoolFolder", failure.Message, StringComparison.Ordinal);
    }

    private async Task<TestBucket> MakeAsync() => await TestBucket.CreateAsync(await servers.CephOrSkipAsync());

    private static async Task<string> PutVideoAsync(TestBucket bucket, string text)
    {
        await using var staged = await bucket.Storage.StageAsync("job.mp4", Cancellation);
        await staged.Stream.WriteAsync(Encoding.UTF8.GetBytes(text), Cancellation);
        return await staged.CommitSharedAsync(Content, Cancellation);
    }

    private static async Task<string> GetAsync(TestBucket bucket, string key)
    {
        using var reader = new StreamReader(await bucket.Storage.OpenReadAsync(key, Cancellation));
        return await reader.ReadToEndAsync(Cancellation);
    }

    private static async Task<IReadOnlyList<string>> KeysAsync(TestBucket bucket) =>
        await bucket.Storage.ListKeysAsync("", Cancellation).Select(artifact => artifact.Key).ToListAsync(Cancellation);
}
