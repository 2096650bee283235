using System.Text;
using ForegSyte.Jobs.Storage;

namespace ForegSyte.Jobs.Tests.Storage;

/// <summary>The conformance suite for storages.</summary>
public abstract class StorageContract
{
    private const string Key = "0f8fad5b-d9cb-469f-a165-70867728950e.mp4";

    private protected abstract IStorage Storage { get; }

    private protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string> HostileKeys =>
    [
        "", ".", "..", "../x", "a/b", "/etc/passwd", "a\\b", "a\0b", ".hidden", "a b", "a\nb", "é.mp4", "a\u202Eb",
        "\uFF0E\uFF0E",
        "C:x", "a:b", "*", "~", "%2e%2e", new string('a', 201), new string('a', 4096),
    ];

    [Fact]
    public async Task Commit_ThenRead_IsTheSameBytes()
    {
        await PutAsync(Key, "hello");

        await using var stream = Storage.OpenRead(Key);
        Assert.True(stream.CanSeek, "Readers must be able to seek.");
        stream.Position = 1;
        using var reader = new StreamReader(stream);
        Assert.Equal("ello", await reader.ReadToEndAsync(Cancellation));
        Assert.True(Storage.Exists(Key), "The committed artifact does not exist.");
        Assert.Equal([Key], Storage.ListKeys());
    }

    [Fact]
    public async Task Stage_BeforeCommit_NobodySeesIt()
    {
        await using var staged = Storage.Stage(Key);
        await staged.Stream.WriteAsync("half"u8.ToArray(), Cancellation);

        Assert.False(Storage.Exists(Key), "A staged artifact is visible before its commit.");
        Assert.Empty(Storage.ListKeys());
        Assert.Throws<FileNotFoundException>(() => Storage.OpenRead(Key));
    }

    [Fact]
    public async Task Dispose_WithoutCommit_LeavesWhatWasThere()
    {
        await PutAsync(Key, "old");
        await using (var staged = Storage.Stage(Key))
        {
            await staged.Stream.WriteAsync("new"u8.ToArray(), Cancellation);
        }

        Assert.Equal("old", await GetAsync(Key));
    }

    [Fact]
    public async Task Commit_OverAnother_ReplacesItAndReadersKeepTheirs()
    {
        await PutAsync(Key, "old, and longer");
        await using var open = Storage.OpenRead(Key);

        await PutAsync(Key, "new");

        Assert.Equal("new", await GetAsync(Key));
        using var reader = new StreamReader(open);
        Assert.Equal("old, and longer", await reader.ReadToEndAsync(Cancellation));
    }

    [Fact]
    public async Task Stage_SeekAndOverwrite_KeepsTheLastBytes()
    {
        await using (var staged = Storage.Stage(Key))
        {
            await staged.Stream.WriteAsync("0123456789"u8.ToArray(), Cancellation);
            staged.Stream.Position = 2;
            await staged.Stream.WriteAsync("xx"u8.ToArray(), Cancellation);
            staged.Stream.SetLength(6);
            await staged.CommitAsync(Cancellation);
        }

        Assert.Equal("01xx45", await GetAsync(Key));
    }

    [Fact]
    public async Task Delete_ThereAndNot_SaysWhich()
    {
        await PutAsync(Key, "x");

        Assert.Equal((true, false), (Storage.Delete(Key), Storage.Delete(Key)));
        Assert.False(Storage.Exists(Key), "The deleted artifact exists.");
    }

    [Fact]
    public async Task DeleteShared_OneOfTwoWithTheSameBytes_LeavesTheOther()
    {
        var hash = new string('0', 64);
        await PutSharedAsync("first.mp4", "same", hash);
        await PutSharedAsync("second.mp4", "same", hash);
        Assert.Equal(["first.mp4", "second.mp4"], Storage.ListKeys().Order());

        Assert.True(Storage.DeleteShared("first.mp4", hash), "first.mp4 was not found.");
        Assert.Equal("same", await GetAsync("second.mp4"));
        Assert.True(Storage.DeleteShared("second.mp4", contentId: null), "second.mp4 was not found.");

        Assert.False(Storage.DeleteShared("second.mp4", hash), "second.mp4 was deleted twice.");
        Assert.Empty(Storage.ListKeys());
        Assert.Equal(0, Storage.RemoveUnshared());
    }

    [Fact]
    public async Task LongestKey_Works()
    {
        var key = new string('k', StorageKey.MaxLength);
        await PutAsync(key, "x");

        Assert.Equal("x", await GetAsync(key));
    }

    [Fact]
    public void Generation_IsTheLastOneWritten_AndNotAnArtifact()
    {
        Assert.Null(Storage.ReadGeneration());
        var first = new StoreGeneration(Guid.NewGuid(), 1);
        Storage.WriteGeneration(first);
        Assert.Equal(first, Storage.ReadGeneration());
        Storage.WriteGeneration(first with { Generation = long.MaxValue });
        Assert.Equal(first with { Generation = long.MaxValue }, Storage.ReadGeneration());
        Assert.Empty(Storage.ListKeys());
    }

    [Fact]
    public void FreeBytes_IsPositive() => Assert.InRange(Storage.FreeBytes(), 1, long.MaxValue);

    [Theory]
    [MemberData(nameof(HostileKeys), DisableDiscoveryEnumeration = true)]
    public void HostileKey_IsAnArgumentExceptionEverywhere(string key)
    {
        Assert.Throws<ArgumentException>(nameof(key), () => Storage.Stage(key));
        Assert.Throws<ArgumentException>(nameof(key), () => Storage.OpenRead(key));
        Assert.Throws<ArgumentException>(nameof(key), () => Storage.Exists(key));
        Assert.Throws<ArgumentException>(nameof(key), () => Storage.Delete(key));
        Assert.Throws<ArgumentException>(nameof(key), () => Storage.UriOf(key));
    }

    private protected async Task PutAsync(string key, string text)
    {
        await using var staged = Storage.Stage(key);
        await staged.Stream.WriteAsync(Encoding.UTF8.GetBytes(text), Cancellation);
        await staged.CommitAsync(Cancellation);
    }

    private async Task PutSharedAsync(string key, string text, string hash)
    {
        await using var staged = Storage.Stage(key);
        await staged.Stream.WriteAsync(Encoding.UTF8.GetBytes(text), Cancellation);
        await staged.CommitSharedAsync(hash, Cancellation);
    }

    private protected async Task<string> GetAsync(string key)
    {
        using var reader = new StreamReader(Storage.OpenRead(key));
        return await reader.ReadToEndAsync(Cancellation);
    }
}
