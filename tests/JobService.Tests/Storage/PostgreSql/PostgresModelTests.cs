using System.Collections.Concurrent;
using ForegSyte.Testing.Servers;

namespace ForegSyte.Jobs.Tests.Storage.PostgreSql;

/// <summary>Compares PostgreSQL with an in-memory model.</summary>
public sealed class PostgresModelTests(SharedServers servers) : JobStoreModelContract
{
    private readonly ConcurrentDictionary<int, string> _databases = new();

    private protected override int Databases => 8;

    private protected override async Task<OpenedStore> OpenAsync(int database)
    {
        if (!_databases.TryGetValue(database, out var connectionString))
        {
            connectionString = await PostgresNode.CreateDatabaseAsync(await servers.PostgresOrSkipAsync());
            _databases[database] = connectionString;
        }

        // One commit at a time, so that changes of different jobs keep their order too.
        var node = new PostgresNode(
            connectionString, options => (options.ConcurrentCommits, options.MaxCommitChanges) = (1, 5));
        return new OpenedStore(node.Store, node.DisposeAsync);
    }
}
