using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Testing;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Storage;

public sealed class ContentAddressedFilesTests : IAsyncLifetime
{
    private static readonly string Hash = new('a', 64);

    private readonly TemporaryFolder _folder = new();
    private readonly string _root;
    private readonly LocalStorage _storage;

    public ContentAddressedFilesTests()
    {
        _root = _folder.File("video_jobs");
        _storage = new LocalStorage(Options.Create(new StorageOptions { Root = _root }));
        Assert.SkipUnless(_storage.Shares, "The file system has no hard links.");
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Shared => Path.Combine(_root, ".shared", Hash);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _storage.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task CommitShared_EqualBytes_AreOneFileAndLeaveNoTemporaryOne()
    {
        await PutAsync("a.mp4", "video");
        await PutAsync("b.mp4", "video");

        Assert.Equal(3, HardLink.CountOf(Shared));
        Assert.Equal(3, HardLink.CountOf(PathOf("b.mp4")));
        Assert.Equal("video", File.ReadAllText(PathOf("b.mp4")));
        Assert.Equal(["a.mp4", "b.mp4"], Names());
        Assert.Equal(["a.mp4", "b.mp4"], (await _storage.KeysAsync()).Order());
    }

    [Fact]
    public async Task CommitShared_ManyAtOnce_AreOneFile()
    {
        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => PutAsync($"v{i}.mp4", "video")));

        Assert.Equal(41, HardLink.CountOf(Shared));
        Assert.Equal(40, Names().Count);
    }

    [Fact]
    public async Task DeleteShared_OneOfTwo_LeavesTheOther_AndTheLastFreesTheBytes()
    {
        await PutAsync("a.mp4", "video");
        await PutAsync("b.mp4", "video");

        Assert.True(await _storage.DeleteSharedAsync("a.mp4", Hash, Cancellation), "a.mp4 was not found.");
        Assert.Equal("video", File.ReadAllText(PathOf("b.mp4")));
        Assert.True(File.Exists(Shared), "The shared bytes were freed while an artifact uses them.");

        Assert.True(await _storage.DeleteSharedAsync("b.mp4", Hash, Cancellation), "b.mp4 was not found.");
        Assert.False(File.Exists(Shared), "The shared bytes were not freed.");
        Assert.False(await _storage.DeleteSharedAsync("b.mp4", Hash, Cancellation), "b.mp4 was deleted twice.");
    }

    [Fact]
    public async Task DeleteShared_HashNotKnown_FreesTheBytesToo()
    {
        await PutAsync("a.mp4", "video");

        Assert.True(await _storage.DeleteSharedAsync("a.mp4", null, Cancellation), "a.mp4 was not found.");

        Assert.False(File.Exists(Shared), "The shared bytes were not freed.");
    }

    [Fact]
    public async Task RemoveUnshared_BytesThatACrashLeft_AreFreed()
    {
        await PutAsync("a.mp4", "video");
        File.Delete(PathOf("a.mp4"));

        Assert.Equal(1, await _storage.RemoveUnsharedAsync(Cancellation));

        Assert.False(File.Exists(Shared), "The shared bytes were not freed.");
        Assert.Equal(0, await _storage.RemoveUnsharedAsync(Cancellation));
    }

    [Fact]
    public async Task RemoveUnshared_BytesThatAnArtifactHas_Stay()
    {
        await PutAsync("a.mp4", "video");

        Assert.Equal(0, await _storage.RemoveUnsharedAsync(Cancellation));

        Assert.True(File.Exists(Shared), "The shared bytes were freed while an artifact uses them.");
    }

    [Fact]
    public async Task RemoveUnshared_BytesWithTwoIds_AreFreedWithTheLastUser()
    {
        await PutAsync("a.mp4", "video");
        Assert.True(HardLink.TryCreate(Shared, Shared[..^1] + "b"), "There is no second name.");

        Assert.Equal(0, await _storage.RemoveUnsharedAsync(Cancellation));
        await _storage.DeleteSharedAsync("a.mp4", Hash, Cancellation);

        Assert.Equal(1, await _storage.RemoveUnsharedAsync(Cancellation));
        Assert.Empty(Directory.GetFiles(Path.Combine(_root, ".shared")));
    }

    [Fact]
    public void Release_WhileTheDiskDeletesTheFile_KeepsNobodyWaiting()
    {
        var others = 0;
        ContentAddressedFiles? files = null;
        files = new ContentAddressedFiles(_root, path =>
        {
            var other = Task.Run(() => files!.Release(Hash), Cancellation);
            others += other.Wait(TimeSpan.FromSeconds(10), Cancellation) ? 1 : 0;
            File.Delete(path);
        });
        File.WriteAllText(Shared, "video");

        files.Release(Hash);

        Assert.Equal(1, others);
        Assert.Empty(Directory.GetFiles(Path.Combine(_root, ".shared")));
    }

    [Fact]
    public async Task CommitShared_SharedFileOfAnotherLength_IsReplacedAndNotUsed()
    {
        File.WriteAllText(Shared, "damaged");

        await PutAsync("a.mp4", "video");
        await PutAsync("b.mp4", "video");

        Assert.Equal("video", File.ReadAllText(PathOf("a.mp4")));
        Assert.Equal(3, HardLink.CountOf(PathOf("b.mp4")));
    }

    [Fact]
    public async Task CommitShared_LinkInThePlaceOfTheSharedFile_IsNotFollowed()
    {
        var outside = _folder.File("outside");
        File.WriteAllText(outside, "other");
        File.CreateSymbolicLink(Shared, outside);

        await PutAsync("a.mp4", "video");

        Assert.Equal("video", File.ReadAllText(PathOf("a.mp4")));
        Assert.Equal("other", File.ReadAllText(outside));
    }

    [Fact]
    public async Task SubmitAndDelete_AtTheSameTime_NeverLoseAVideo()
    {
        for (var round = 0; round < 50; round++)
        {
            await PutAsync($"old{round}.mp4", "video");
            var old = $"old{round}.mp4";
            var delete = Task.Run(
                async () => await _storage.DeleteSharedAsync(old, Hash, Cancellation), Cancellation);
            await Task.WhenAll(delete, PutAsync($"new{round}.mp4", "video"));

            Assert.Equal("video", File.ReadAllText(PathOf($"new{round}.mp4")));
            await _storage.DeleteSharedAsync($"new{round}.mp4", Hash, Cancellation);
        }

        Assert.Empty(Names());
        Assert.False(File.Exists(Shared), "The shared bytes were not freed.");
    }

    [Fact]
    public async Task Adopt_Commit_GivesASecondNameAndKeepsTheFile()
    {
        var file = Path.Combine(_root, "upload");
        File.WriteAllText(file, "video");
        await using (var adopted = (await _storage.TryAdoptAsync(file, "a.mp4", Cancellation))!)
        {
            Assert.Equal(5, adopted.Stream.Length);
            await adopted.CommitSharedAsync(Hash, Cancellation);
        }

        Assert.Equal(3, HardLink.CountOf(file));
        File.Delete(file);
        Assert.Equal("video", File.ReadAllText(PathOf("a.mp4")));
    }

    [Fact]
    public async Task Adopt_NotCommitted_LeavesTheFile()
    {
        var file = Path.Combine(_root, "upload");
        File.WriteAllText(file, "video");

        await (await _storage.TryAdoptAsync(file, "a.mp4", Cancellation))!.DisposeAsync();

        Assert.Equal(["upload"], Names());
    }

    private string PathOf(string key) => Path.Combine(_root, key);

    private List<string> Names() => [.. Directory.GetFiles(_root).Select(path => Path.GetFileName(path)).Order()];

    private async Task PutAsync(string key, string text)
    {
        await using var staged = await _storage.StageAsync(key, Cancellation);
        await staged.Stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(text), Cancellation);
        await staged.CommitSharedAsync(Hash, Cancellation);
    }
}
