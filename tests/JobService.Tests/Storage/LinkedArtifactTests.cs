using System.Security.Cryptography;
using System.Text;
using ForegSyte.Jobs.Storage;
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
        await using (var linked = _storage.TryLink(Source, Target)!)
        {
            Assert.True(_storage.DeleteShared(Source, Sha256), "The source did not exist.");
            await linked.CommitSharedAsync(Sha256, Cancellation);
        }

        Assert.Equal([Target], _storage.ListKeys());
        Assert.Equal(Video, await File.ReadAllBytesAsync(_folder.File(Target), Cancellation));
        Assert.Empty(Directory.GetFiles(_folder.Path, ".*.tmp"));
        _storage.DeleteShared(Target, Sha256);
        Assert.Empty(Directory.GetFiles(_folder.File(".shared")));
    }

    [Fact]
    public async Task Dispose_WithoutACommit_LeavesOnlyTheOther()
    {
        await StoreAsync();
        await using (_storage.TryLink(Source, Target)!)
        {
            Assert.Equal(0, _storage.RemoveAbandoned());
            Assert.Equal([Source], _storage.ListKeys());
        }

        Assert.Equal([Source], _storage.ListKeys());
        Assert.Empty(Directory.GetFiles(_folder.Path, ".*.tmp"));
    }

    [Fact]
    public void TryLink_NoSuchArtifact_Throws()
    {
        Assert.Throws<FileNotFoundException>(() => _storage.TryLink(Source, Target));
        Assert.Empty(Directory.GetFiles(_folder.Path, ".*.tmp"));
    }

    private async Task StoreAsync()
    {
        await using var staged = _storage.Stage(Source);
        await staged.Stream.WriteAsync(Video, Cancellation);
        await staged.CommitSharedAsync(Sha256, Cancellation);
    }
}
