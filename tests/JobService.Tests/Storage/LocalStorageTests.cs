using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Storage;

public sealed class LocalStorageTests : StorageContract, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _root;

    public LocalStorageTests()
    {
        // Characters with a meaning in URIs.
        _root = _folder.File("video jobs #1 100%25?");
        Storage = new LocalStorage(Options.Create(new StorageOptions { Root = _root }));
    }

    private protected override IStorage Storage { get; }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Stage_TemporaryFile_IsInTheSameFolderAndGoesAway()
    {
        await using (var staged = await Storage.StageAsync("a.mp4", Cancellation))
        {
            Assert.Matches(@"/\.a\.mp4\.[0-9a-f]{32}\.tmp$", Assert.Single(Directory.GetFiles(_root)));
            await staged.CommitAsync(Cancellation);
            Assert.Equal([Path.Combine(_root, "a.mp4")], Directory.GetFiles(_root));
        }

        await using (await Storage.StageAsync("b.mp4", Cancellation))
        {
            Assert.Equal(2, Directory.GetFiles(_root).Length);
        }

        Assert.Equal([Path.Combine(_root, "a.mp4")], Directory.GetFiles(_root));
    }

    [Fact]
    public void ReserveRoom_LessThanHasToStayFree_IsRefused()
    {
        var free = Storage.FreeBytes()!.Value;
        var storage = new LocalStorage(Options.Create(new StorageOptions { Root = _root, MinFreeBytes = 1L << 20 }));
        var anyVideo = new LocalStorage(Options.Create(new StorageOptions { Root = _root, MinFreeBytes = 0 }));

        storage.ReserveRoom(1).Dispose();
        anyVideo.ReserveRoom(free * 2).Dispose();
        var failure = Assert.Throws<ServiceException>(() => storage.ReserveRoom(free * 2));

        Assert.Equal(ErrorReason.StorageFull, failure.Reason);
        Assert.Contains("Storage:MinFreeBytes", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RemoveAbandoned_RemovesWhatWritersLeftAndNothingElse()
    {
        await PutAsync("kept.mp4", "x");
        File.WriteAllText(Path.Combine(_root, ".a.mp4.0123456789abcdef0123456789abcdef.tmp"), "half");
        File.WriteAllText(Path.Combine(_root, ".keep"), "not ours");
        File.WriteAllText(Path.Combine(_root, "notes.tmp"), "an artifact by its name");

        Assert.Equal(1, await Storage.RemoveAbandonedAsync(Cancellation));

        Assert.Equal(
            [".keep", "kept.mp4", "notes.tmp"],
            Directory.GetFiles(_root).Select(path => Path.GetFileName(path)).Order());
        Assert.Equal(0, await Storage.RemoveAbandonedAsync(Cancellation));
    }

    [Fact]
    public async Task RemoveAbandoned_LeavesWhatIsStagedNow()
    {
        await using var staged = await Storage.StageAsync("now.mp4", Cancellation);
        await staged.Stream.WriteAsync(new byte[1], Cancellation);

        Assert.Equal(0, await Storage.RemoveAbandonedAsync(Cancellation));

        await staged.CommitAsync(Cancellation);
        Assert.Equal(["now.mp4"], await Storage.KeysAsync());
    }

    [Fact]
    public async Task SymbolicLink_IsNoArtifactAndCommitReplacesTheLink()
    {
        var outside = _folder.File("outside.txt");
        File.WriteAllText(outside, "secret");
        File.CreateSymbolicLink(Path.Combine(_root, "link.mp4"), outside);

        Assert.False(await Storage.ExistsAsync("link.mp4", Cancellation), "A symbolic link counts as an artifact.");
        await Assert.ThrowsAsync<FileNotFoundException>(
            async () => await Storage.OpenReadAsync("link.mp4", Cancellation));
        Assert.Empty(await Storage.KeysAsync());
        Assert.False(
            await Storage.DeleteAsync("link.mp4", Cancellation), "A symbolic link was deleted as an artifact.");

        await PutAsync("link.mp4", "mine");
        Assert.Equal("mine", await GetAsync("link.mp4"));
        Assert.Equal("secret", File.ReadAllText(outside));
    }

    [Fact]
    public async Task Root_IsALink_IsResolved()
    {
        Directory.CreateSymbolicLink(_folder.File("link"), _root);

        var storage = new LocalStorage(Options.Create(new StorageOptions { Root = _folder.File("link") }));

        Assert.Equal(Storage.Folder, storage.Folder);
        Assert.Equal(await UriOfAsync(Storage), await UriOfAsync(storage));
    }

    [Fact]
    public async Task GrantRead_RootWithCharactersOfUris_IsThePath()
    {
        var uri = await UriOfAsync(Storage);

        Assert.Equal("file", uri.Scheme);
        Assert.Equal(Path.Combine(CanonicalPath.Resolve(_root), "a.mp4"), uri.LocalPath);
        Assert.Equal(uri.LocalPath, new Uri(uri.AbsoluteUri).LocalPath);
    }

    [Fact]
    public async Task FullDisk_IsStorageFullAndTheTemporaryFileIsRemoved()
    {
        // Every write to this device fails with a real ENOSPC.
        Assert.SkipUnless(File.Exists("/dev/full"), "/dev/full does not exist.");
        var temporary = _folder.File("half.tmp");
        File.WriteAllText(temporary, "half");
        var device = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        await using var commits = new FileCommitter(_folder.File("."));
        var commit = new FileCommit(device, temporary, _folder.File("half.mp4"));
        await using (var staged = new LocalArtifact(commit, commits, () => { }))
        {
            await AssertFullAsync(() => staged.Stream.WriteAsync(new byte[1], Cancellation).AsTask());
            await AssertFullAsync(() => staged.Stream.WriteAsync(new byte[1], 0, 1, Cancellation));
            await AssertFullAsync(() => Task.Run(() => staged.Stream.Write(new byte[1], 0, 1), Cancellation));
            await AssertFullAsync(() => Task.Run(() => staged.Stream.WriteByte(1), Cancellation));
        }

        Assert.False(File.Exists(temporary), $"{temporary} remains.");
        Assert.False(File.Exists(_folder.File("half.mp4")), "Half a file was committed.");
    }

    [Fact]
    public void OtherInputOutputErrors_AreNotAFullDisk()
    {
        var failure = Assert.ThrowsAny<IOException>(() => DiskSync.SyncFolder(_folder.File("nowhere")));

        Assert.False(DiskFull.Is(failure), $"This error counts as a full disk: {failure}");
        Assert.Contains("nowhere", failure.Message, StringComparison.Ordinal);
    }

    private static async Task<Uri> UriOfAsync(IStorage storage) =>
        (await storage.GrantReadAsync("a.mp4", TimeSpan.Zero, Cancellation)).Uri;

    private static async Task AssertFullAsync(Func<Task> write)
    {
        var failure = await Assert.ThrowsAsync<ServiceException>(write);
        Assert.Equal(ErrorReason.StorageFull, failure.Reason);
        Assert.IsType<IOException>(failure.InnerException);
    }
}
