using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Storage.Migrations;
using ForegSyte.Jobs.Storage.PostgreSql;
using ForegSyte.Jobs.Tests.Storage.Migrations;
using ForegSyte.Testing.Servers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace ForegSyte.Jobs.Tests.Storage.PostgreSql;

public sealed class PostgresMigrationTests(SharedServers servers)
{
    private const string Tables =
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1";

    [Fact]
    public async Task MigrateUp_ThenDownToZero_ThenUp_IsTheSameSchema()
    {
        await using var node = new PostgresNode(await NewDatabaseAsync());

        node.Migrator().MigrateUp();
        var first = await SchemaAsync(node);
        node.Migrator().MigrateUp();
        node.Migrator().MigrateDown(0);
        Assert.Equal(["schema_versions"], await node.QueryAsync(Tables, reader => reader.GetString(0)));
        Assert.Empty(node.Migrator().AppliedVersions());
        node.Migrator().MigrateUp();

        Assert.Equal(first, await SchemaAsync(node));
        Assert.Equal(MigrationList.OfPostgreSql.Versions, node.Migrator().AppliedVersions());
        await node.Store.InsertAsync(TestJobs.Full(), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task MigrateUp_NewDatabase_HasTheIndexesOfPostgreSql()
    {
        await using var node = new PostgresNode(await NewDatabaseAsync());

        node.Migrator().MigrateUp();

        var indexes = await node.QueryAsync(
            "SELECT indexname FROM pg_indexes WHERE schemaname = 'public'", reader => reader.GetString(0));
        Assert.Subset(
            indexes.ToHashSet(),
            new HashSet<string>
            {
                "webhook_deliveries_pending", "webhook_deliveries_job", "jobs_reusable", "jobs_tags",
            });
    }

    [Fact]
    public async Task MigrateUp_ByFourNodesAtOnce_MigratesOnce()
    {
        var connectionString = await NewDatabaseAsync();
        var nodes = Enumerable.Range(0, 4).Select(_ => new PostgresNode(connectionString)).ToList();

        await Task.WhenAll(nodes.Select(node => Task.Run(() => node.Migrator().MigrateUp())));

        Assert.Equal(MigrationList.OfPostgreSql.Versions, nodes[0].Migrator().AppliedVersions());
        foreach (var node in nodes)
        {
            await node.Store.InsertAsync(TestJobs.Full(), TestContext.Current.CancellationToken);
            await node.DisposeAsync();
        }
    }

    [Fact]
    public async Task MigrateUp_WhileAnotherProcessMigrates_WaitsAndThenSaysWhatToDo()
    {
        await using var migrating = new PostgresNode(await NewDatabaseAsync());
        using var logs = new FakeLoggerProvider();
        using var loggers = new LoggerFactory([logs]);
        await using var waiting = new PostgresDatabase(migrating.Options, loggers)
        {
            MigrationWait = TimeSpan.FromSeconds(6),
        };
        using (migrating.Database.LockSchema())
        {
            var failure = Assert.Throws<DatabaseException>(() => waiting.LockSchema());

            Assert.Contains(
                "Another process has been migrating it for 0.1 minutes", failure.Message, StringComparison.Ordinal);
            Assert.Contains(
                logs.Collector.GetSnapshot(),
                line => line.Message.StartsWith("Waiting for another JobService", StringComparison.Ordinal));
        }

        waiting.LockSchema().Dispose();
    }

    [Fact]
    public async Task Times_OfEveryTable_HaveAZone()
    {
        await using var node = new PostgresNode(await NewDatabaseAsync());
        node.Migrator().MigrateUp();

        Assert.Empty(await node.QueryAsync(
            "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public' "
            + "AND data_type = 'timestamp without time zone'",
            reader => reader.GetString(0)));
    }

    [Fact]
    public async Task Migrate_DatabaseOfANewerVersion_IsRefused()
    {
        await using var node = new PostgresNode(await NewDatabaseAsync());
        node.Migrator().MigrateUp();
        await node.ExecuteAsync(
            "INSERT INTO schema_versions (version, applied_on, description) VALUES (299901010001, now(), 'newer')");

        var failure = Assert.Throws<DatabaseException>(() => node.Migrator().MigrateUp());

        Assert.Contains("newer JobService", failure.Message, StringComparison.Ordinal);
        Assert.Contains("299901010001", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MigrateUp_BrokenMigration_IsRolledBackAndTold()
    {
        await using var node = new PostgresNode(await NewDatabaseAsync());
        node.Migrator().MigrateUp();
        var broken = new MigrationList([.. MigrationList.OfPostgreSql.Types, typeof(TestMigrations.Breaks)]);

        var failure = Assert.Throws<DatabaseException>(() => node.Migrator(broken).MigrateUp());

        Assert.Contains("no number", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("half", await node.QueryAsync(Tables, reader => reader.GetString(0)));
        Assert.Equal(MigrationList.OfPostgreSql.Versions, node.Migrator().AppliedVersions());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task MigrateUp_UserWithoutPrivileges_SaysWhichItNeeds(bool hasTables)
    {
        var database = await NewDatabaseAsync();
        await using var owner = new PostgresNode(database);
        if (hasTables)
        {
            owner.Migrator().MigrateUp();
        }

        var user = $"guest_{Guid.NewGuid():N}";
        await owner.ExecuteAsync($"CREATE ROLE {user} LOGIN");
        await using var guest = new PostgresNode($"{database};Username={user}");

        var failure = Assert.Throws<DatabaseException>(() => guest.Migrator().MigrateUp());

        Assert.Contains("The user lacks a privilege: it needs to create", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Nothing was changed", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("CREATE TABLE", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Database=no_such_database", "does not exist: create it")]
    [InlineData("Username=nobody", "refuses the user name or the password")]
    [InlineData("Port=1", "No server answers there")]
    public async Task RequireUsable_WrongSetting_SaysWhatToDo(string setting, string expected)
    {
        var server = await servers.PostgresOrSkipAsync();
        await using var node = new PostgresNode($"{server.ConnectionString()};{setting}");

        var failure = Assert.Throws<DatabaseException>(() => node.Database.RequireUsable());

        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
        Assert.Contains("Nothing was changed", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RequireUsable_ServerOfTheTests_IsAccepted()
    {
        await using var node = new PostgresNode(await NewDatabaseAsync());

        node.Database.RequireUsable();
        node.Database.RequireVersion("150000");
        var failure = Assert.Throws<DatabaseException>(() => node.Database.RequireVersion("140012"));
        Assert.Contains("PostgreSQL 14; version 15 or newer", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ConnectionString_Nonsense_IsRefusedByName()
    {
        var failure = Assert.Throws<DatabaseException>(() => new PostgresNode("Hast=db"));

        Assert.Contains("PostgreSql:ConnectionString", failure.Message, StringComparison.Ordinal);
    }

    private async Task<string> NewDatabaseAsync() => await (await servers.PostgresOrSkipAsync()).CreateDatabaseAsync();

    private static Task<List<string>> SchemaAsync(PostgresNode node) => node.QueryAsync(
        "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable "
        + "FROM information_schema.columns WHERE table_schema = 'public' UNION ALL "
        + "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
        reader => reader.GetString(0));
}
