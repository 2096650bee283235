using System.Text;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tests.Fakes;

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

        await using var stream = await Storage.OpenReadAsync(Key, Cancellation);
        Assert.True(stream.CanSeek, "Readers must be able to seek.");
        Assert.Equal(5, stream.Length);
        Assert.Equal("ello", await ReadAtAsync(stream, 1, 4));
        Assert.Equal("he", await ReadAtAsync(stream, 0, 2));
        Assert.Equal("l", await ReadAtAsync(stream, stream.Position, 1));
        stream.Seek(0, SeekOrigin.End);
        Assert.Equal(0, await stream.ReadAsync(new byte[1].AsMemory(), Cancellation));
        Assert.True(await Storage.HasAsync(Key), "The committed artifact does not exist.");
        Assert.Equal([Key], await Storage.KeysAsync());
    }

    [Fact]
    public async Task Stage_BeforeCommit_NobodySeesIt()
    {
        await using var staged = await Storage.StageAsync(Key, Cancellation);
        await staged.Stream.WriteAsync("half"u8.ToArray(), Cancellation);

        Assert.False(await Storage.HasAsync(Key), "A staged artifact is visible before its commit.");
        Assert.Empty(await Storage.KeysAsync());
        await Assert.ThrowsAsync<FileNotFoundException>(async () => await Storage.OpenReadAsync(Key, Cancellation));
    }

    [Fact]
    public async Task Copy_AnArtifact_IsAnotherOneThatOutlivesIt()
    {
        const string Copy = "0f8fad5b-d9cb-469f-a165-70867728950e_results.json";
        await PutAsync(Key, "hello");
        await PutAsync(Copy, "earlier");

        await Storage.CopyAsync(Key, Copy, Cancellation);
        await Storage.CopyAsync(Key, Copy, Cancellation);
        Assert.Equal([Key, Copy], (await Storage.KeysAsync()).Order(StringComparer.Ordinal));
        await PutAsync(Key, "changed");
        Assert.Equal("hello", await GetAsync(Copy));
        await Storage.DeleteAsync(Key, Cancellation);

        Assert.Equal("hello", await GetAsync(Copy));
        await Assert.ThrowsAsync<FileNotFoundException>(() => Storage.CopyAsync(Key, Copy, Cancellation));
        Assert.Equal("hello", await GetAsync(Copy));
        Assert.Equal(0, await Storage.RemoveAbandonedAsync(Cancellation));
    }

    [Fact]
    public async Task Dispose_WithoutCommit_LeavesWhatWasThere()
    {
        await PutAsync(Key, "old");
        await using (var staged = await Storage.StageAsync(Key, Cancellation))
        {
            await staged.Stream.WriteAsync("new"u8.ToArray(), Cancellation);
        }

        Assert.Equal("old", await GetAsync(Key));
    }

    [Fact]
    public async Task Commit_OverAnother_ReplacesItAndReadersKeepTheirs()
    {
        await PutAsync(Key, "old, and longer");
        await using var open = await Storage.OpenReadAsync(Key, Cancellation);

        await PutAsync(Key, "new");

        Assert.Equal("new", await GetAsync(Key));
        if (!Storage.IsShared)
        {
            Assert.Equal("old, and longer", await ReadAtAsync(open, 0, 15));
        }
    }

    [Fact]
    public async Task Stage_SeekAndOverwrite_KeepsTheLastBytes()
    {
        await using (var staged = await Storage.StageAsync(Key, Cancellation))
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

        Assert.True(await Storage.DeleteAsync(Key, Cancellation), "The artifact was not found.");
        Assert.False(await Storage.DeleteAsync(Key, Cancellation), "The artifact was deleted twice.");
        Assert.False(await Storage.HasAsync(Key), "The deleted artifact exists.");
    }

    [Fact]
    public async Task DeleteShared_OneOfTwoWithTheSameBytes_LeavesTheOther()
    {
        var hash = new string('0', 64);
        var first = await PutSharedAsync("first.mp4", "same", hash);
        var second = await PutSharedAsync("second.mp4", "same", hash);
        string[] keys = [first, second];
        Assert.Equal(keys.Distinct(), (await Storage.KeysAsync()).Order());

        Assert.True(await Storage.DeleteSharedAsync(first, hash, Cancellation), "The first was not found.");
        Assert.Equal("same", await GetAsync(second));
        Assert.True(
            await Storage.DeleteSharedAsync(second, contentId: null, Cancellation), "The second was not found.");

        // Only the database of several JobServices knows when the last one is gone.
        Assert.Equal(
            !Storage.IsShared,
            !await Storage.DeleteSharedAsync(second, hash, Cancellation) && (await Storage.KeysAsync()).Count == 0);
        Assert.Equal(Storage.IsShared ? 1 : 0, await Storage.RemoveUnsharedAsync(Cancellation));
        Assert.Empty(await Storage.KeysAsync());
    }

    [Fact]
    public async Task ListKeys_Prefix_AreThoseThatStartWithIt()
    {
        await PutAsync("a_1", "x");
        await PutAsync("a_2", "x");
        await PutAsync("b_a_1", "x");

        var found = await Storage.ListKeysAsync("a_", Cancellation).ToListAsync(Cancellation);

        Assert.Equal(["a_1", "a_2"], found.Select(artifact => artifact.Key).Order());
    }

    [Fact]
    public async Task ListKeys_Times_AreThoseOfTheLastCommit()
    {
        await PutAsync(Key, "old");
        var first = await ModifiedAtAsync();
        await PutAsync(Key, "new");

        Assert.InRange(await ModifiedAtAsync(), first, DateTimeOffset.MaxValue);
        Assert.InRange(first, DateTimeOffset.UnixEpoch.AddYears(50), DateTimeOffset.MaxValue);
    }

    [Fact]
    public async Task GrantRead_AnyKey_IsAnAbsoluteUri()
    {
        var grant = await Storage.GrantReadAsync(Key, TimeSpan.FromMinutes(1), Cancellation);

        Assert.True(grant.Uri.IsAbsoluteUri, $"{grant.Uri} is not absolute.");
        Assert.Contains(grant.Uri.Scheme, (string[])["file", "http", "https"]);
    }

    [Fact]
    public async Task LongestKey_Works()
    {
        var key = new string('k', StorageKey.MaxLength);
        await PutAsync(key, "x");

        Assert.Equal("x", await GetAsync(key));
    }

    [Fact]
    public async Task Generation_IsTheLastOneWritten_AndNotAnArtifact()
    {
        Assert.Null(await Storage.ReadGenerationAsync(Cancellation));
        var first = new StoreGeneration(Guid.NewGuid(), 1);
        await Storage.WriteGenerationAsync(first, Cancellation);
        Assert.Equal(first, await Storage.ReadGenerationAsync(Cancellation));
        await Storage.WriteGenerationAsync(first with { Generation = long.MaxValue }, Cancellation);
        Assert.Equal(
            first with { Generation = long.MaxValue }, await Storage.ReadGenerationAsync(Cancellation));
        Assert.Empty(await Storage.KeysAsync());
    }

    [Fact]
    public void FreeBytes_IsPositiveOrUnlimited() => Assert.InRange(Storage.FreeBytes() ?? 1, 1, long.MaxValue);

    [Theory]
    [MemberData(nameof(HostileKeys), DisableDiscoveryEnumeration = true)]
    public async Task HostileKey_IsAnArgumentExceptionEverywhere(string key)
    {
        await RefusedAsync(async () => await Storage.StageAsync(key, Cancellation));
        await RefusedAsync(async () => await Storage.OpenReadAsync(key, Cancellation));
        await RefusedAsync(async () => await Storage.ExistsAsync(key, Cancellation));
        await RefusedAsync(async () => await Storage.DeleteAsync(key, Cancellation));
        await RefusedAsync(async () => await Storage.GrantReadAsync(key, TimeSpan.FromMinutes(1), Cancellation));

        Task<ArgumentException> RefusedAsync(Func<Task> call) =>
            Assert.ThrowsAsync<ArgumentException>(nameof(key), call);
    }

    private protected async Task PutAsync(string key, string text) =>
        await Storage.PutAsync(key, Encoding.UTF8.GetBytes(text));

    private protected async Task<string> GetAsync(string key) =>
        Encoding.UTF8.GetString(await Storage.ReadAsync(key));

    private async Task<string> PutSharedAsync(string key, string text, string hash)
    {
        await using var staged = await Storage.StageAsync(key, Cancellation);
        await staged.Stream.WriteAsync(Encoding.UTF8.GetBytes(text), Cancellation);
        return await staged.CommitSharedAsync(hash, Cancellation);
    }

    private async Task<DateTimeOffset> ModifiedAtAsync() =>
        (await Storage.ListKeysAsync("", Cancellation).SingleAsync(Cancellation)).ModifiedAt;

    private static async Task<string> ReadAtAsync(Stream stream, long offset, int count)
    {
        var bytes = new byte[count];
        stream.Position = offset;
        await stream.ReadExactlyAsync(bytes, Cancellation);
        return Encoding.UTF8.GetString(bytes);
    }
}
