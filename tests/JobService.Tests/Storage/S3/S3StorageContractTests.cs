using ForegSyte.Jobs.Storage;
using ForegSyte.Testing.Servers;

namespace ForegSyte.Jobs.Tests.Storage.S3;

/// <summary>The bucket keeps the promises of every storage.</summary>
public sealed class S3StorageContractTests(SharedServers servers) : StorageContract, IAsyncLifetime
{
    private TestBucket? _bucket;

    private protected override IStorage Storage => _bucket!.Storage;

    public async ValueTask InitializeAsync() =>
        _bucket = await TestBucket.CreateAsync(await servers.CephOrSkipAsync());

    public ValueTask DisposeAsync()
    {
        _bucket?.Dispose();
        return ValueTask.CompletedTask;
    }
}
