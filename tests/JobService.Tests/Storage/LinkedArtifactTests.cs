using System.Security.Cryptography;
using System.Text;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Testing;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Storage;

/// <summary>Artifacts that share the bytes of another one from their beginning.</summary>
public sealed class LinkedArtifactTests : IAsyncDisposable
{
    private const string Source = "source.mp4";
    private const string Target = "target.mp4";
    private static readonly byte[] Video = Encoding.UTF8.GetBytes("video");
    private static readonly string Sha256 = Convert.ToHexStringLower(SHA256.HashData(Video));

    private readonly TemporaryFolder _folder = new();
    private readonly LocalStorage _storage;

    public LinkedArtifactTests() =>
        _storage = new LocalStorage(Options.Create(new StorageOptions { Root = _folder.Path }));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _storage.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Commit_AfterTheOtherIsDeleted_HasTheBytesAndFreesThemAtItsEnd()
    {
        await StoreAsync();
        await using (var linked = (await _storage.TryLinkAsync(Source, Target, Cancellation))!)
        {
            Assert.True(await _storage.DeleteSharedAsync(Source, Sha256, Cancellation), "The source did not exist.");
            await linked.CommitSharedAsync(Sha256, Cancellation);
        }

        Assert.Equal([Target], await _storage.KeysAsync());
        Assert.Equal(Video, await File.ReadAllBytesAsync(_folder.File(Target), Cancellation));
        Assert.Empty(Directory.GetFiles(_folder.Path, ".*.tmp"));
        await _storage.DeleteSharedAsync(Target, Sha256, Cancellation);
        Assert.Empty(Directory.GetFiles(_folder.File(".shared")));
    }

    [Fact]
    public async Task Dispose_WithoutACommit_LeavesOnlyTheOther()
    {
        await StoreAsync();
        await using ((await _storage.TryLinkAsync(Source, Target, Cancellation))!)
        {
            Assert.Equal(0, await _storage.RemoveAbandonedAsync(Cancellation));
            Assert.Equal([Source], await _storage.KeysAsync());
        }

        Assert.Equal([Source], await _storage.KeysAsync());
        Assert.Empty(Directory.GetFiles(_folder.Path, ".*.tmp"));
    }

    [Fact]
    public async Task TryLink_NoSuchArtifact_Throws()
    {
        await Assert.ThrowsAsync<FileNotFoundException>(
            async () => await _storage.TryLinkAsync(Source, Target, Cancellation));
        Assert.Empty(Directory.GetFiles(_folder.Path, ".*.tmp"));
    }

    private async Task StoreAsync()
    {
        await using var staged = await _storage.StageAsync(Source, Cancellation);
        await staged.Stream.WriteAsync(Video, Cancellation);
        await staged.CommitSharedAsync(Sha256, Cancellation);
    }
}
