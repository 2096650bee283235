using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Submission;
using ForegSyte.Jobs.Tests.Tenants;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Submission;

/// <summary>Files that change between their check and the end of their copy.</summary>
public sealed class FileSourceTests : IAsyncDisposable
{
    private const string Key = "video.mp4";

    private readonly TemporaryFolder _folder = new();
    private readonly LocalStorage _storage;
    private readonly VideoChecks _checks = new(Options.Create(new SubmitOptions()));

    public FileSourceTests()
    {
        _storage = new LocalStorage(Options.Create(new StorageOptions { Root = _folder.File("storage") }));
        File.Copy(RepositoryFiles.Pedestrians, Path);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Path => _folder.File("a.mp4");

    [Fact]
    public async Task Stage_UnchangedFile_IsStored()
    {
        await using var source = Open();
        await source.CheckAsync(Cancellation);
        await using (var staged = await source.StageAsync(Key, TestSpace.Unlimited(_storage), Cancellation))
        {
            await staged.Artifact.CommitAsync(Cancellation);
        }

        await using var stored = await _storage.OpenReadAsync(Key, Cancellation);
        Assert.Equal(await File.ReadAllBytesAsync(Path, Cancellation), await ReadAsync(stored));
    }

    [Fact]
    public Task Stage_FileThatGrew_IsTruncated() => AssertChangedAsync(file => file.Seek(0, SeekOrigin.End));

    [Fact]
    public Task Stage_FileThatShrank_IsTruncated() => AssertChangedAsync(file => file.SetLength(file.Length / 2));

    [Fact]
    public Task Stage_FileThatBecameEmpty_IsTruncated() => AssertChangedAsync(file => file.SetLength(0));

    [Fact]
    public Task Stage_FileThatWasWrittenTo_IsTruncated() => AssertChangedAsync(file => file.Position = 50_000);

    [Fact]
    public async Task Stage_FileThatGrowsEndlessly_StopsAtItsFirstLength()
    {
        await using var source = Open();
        await source.CheckAsync(Cancellation);
        var length = new FileInfo(Path).Length;
        await using (var file = OpenForWriting())
        {
            // Sparse: a copy to its end would need a terabyte.
            file.SetLength(1L << 40);
        }

        var failure = await Assert.ThrowsAsync<ServiceException>(
            () => source.StageAsync(Key, TestSpace.Unlimited(_storage), Cancellation));

        Assert.Equal(ErrorReason.TruncatedMp4, failure.Reason);
        Assert.InRange(length, 1, 64 << 20);
        AssertNothingLeft();
    }

    [Fact]
    public async Task Stage_FileThatChangedWithoutItsTimes_IsCheckedAgain()
    {
        var lastWrite = File.GetLastWriteTimeUtc(Path);
        await using var source = Open();
        await source.CheckAsync(Cancellation);
        await using (var file = OpenForWriting())
        {
            file.Write("not an MP4 any more"u8);
        }

        File.SetLastWriteTimeUtc(Path, lastWrite);

        var failure = await Assert.ThrowsAsync<ServiceException>(
            () => source.StageAsync(Key, TestSpace.Unlimited(_storage), Cancellation));

        Assert.Equal(ErrorReason.NotAnMp4, failure.Reason);
        AssertNothingLeft();
    }

    [Fact]
    public async Task Stage_ReplacedFile_StoresTheOpenedOne()
    {
        var before = await File.ReadAllBytesAsync(Path, Cancellation);
        await using var source = Open();
        await source.CheckAsync(Cancellation);
        await File.WriteAllTextAsync(_folder.File("other"), "another file", Cancellation);
        File.Move(_folder.File("other"), Path, overwrite: true);

        await using var staged = await source.StageAsync(Key, TestSpace.Unlimited(_storage), Cancellation);

        Assert.Equal(before, await ReadAsync(staged.Artifact.Stream));
    }

    public async ValueTask DisposeAsync()
    {
        await _storage.DisposeAsync();
        _folder.Dispose();
    }

    private FileSource Open()
    {
        var roots = new AllowedRoots(Options.Create(new SubmitOptions { AllowedRoots = { _folder.Path } }));
        var uri = $"file://{Path}";
        return new FileSource(uri, roots.Open(uri), _storage, _checks);
    }

    private FileStream OpenForWriting() =>
        new(Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);

    private async Task AssertChangedAsync(Action<FileStream> change)
    {
        await using var source = Open();
        await source.CheckAsync(Cancellation);
        await using (var file = OpenForWriting())
        {
            change(file);
            if (file.Length > 0)
            {
                file.WriteByte(0);
            }
        }

        var failure = await Assert.ThrowsAsync<ServiceException>(
            () => source.StageAsync(Key, TestSpace.Unlimited(_storage), Cancellation));

        Assert.Equal(ErrorReason.TruncatedMp4, failure.Reason);
        AssertNothingLeft();
    }

    private void AssertNothingLeft() => Assert.Empty(
        Directory.EnumerateFiles(_folder.File("storage"), "*", SearchOption.AllDirectories));

    private static async Task<byte[]> ReadAsync(Stream stream)
    {
        using var bytes = new MemoryStream();
        stream.Position = 0;
        await stream.CopyToAsync(bytes, Cancellation);
        return bytes.ToArray();
    }
}
