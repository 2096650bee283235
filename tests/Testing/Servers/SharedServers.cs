using Xunit;

namespace ForegSyte.Testing.Servers;

/// <summary>
/// The servers of a test assembly, each started by the first test that needs it. Tests use databases and buckets of
/// their own.
/// </summary>
/// <remarks>Declare it with [assembly: AssemblyFixture(typeof(SharedServers))].</remarks>
public sealed class SharedServers : IAsyncDisposable
{
    private readonly Lazy<Task<PostgresServer>> _postgres = new(() => PostgresServer.StartNewAsync());
    private readonly Lazy<Task<CephServer>> _ceph = new(() => CephServer.StartNewAsync());

    /// <summary>The shared PostgreSQL server, which tests must not stop; skips the test if there is none.</summary>
    public Task<PostgresServer> PostgresOrSkipAsync()
    {
        Assert.SkipUnless(PostgresServer.MissingReason is null, PostgresServer.MissingReason ?? "");
        return _postgres.Value;
    }

    /// <summary>The shared S3 server, which tests must not stop; skips the test where there can be none.</summary>
    public Task<CephServer> CephOrSkipAsync()
    {
        Assert.SkipUnless(CephServer.MissingReason is null, CephServer.MissingReason ?? "");
        return _ceph.Value;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_postgres.IsValueCreated && await Task.WhenAny(_postgres.Value) is { IsCompletedSuccessfully: true })
        {
            await (await _postgres.Value).DisposeAsync();
        }

        if (_ceph.IsValueCreated && await Task.WhenAny(_ceph.Value) is { IsCompletedSuccessfully: true })
        {
            await (await _ceph.Value).DisposeAsync();
        }
    }
}
