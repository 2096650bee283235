using System.Globalization;
using FluentMigrator.Runner;
using FluentMigrator.Runner.Initialization;
using ForegSyte.Jobs.Storage.Migrations;
using ForegSyte.Jobs.Storage.Migrations.DuckDb;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// Migrates the database to the schema of this version. Run it before the service accepts calls: an ALTER makes
/// concurrent commits fail.
/// </summary>
internal sealed class DatabaseMigrator(DuckDbDatabase database, MigrationList migrations, ILoggerFactory loggers)
{
    private readonly ILogger _logger = loggers.CreateLogger<DatabaseMigrator>();

    /// <summary>
    /// Applies the missing migrations, each in a transaction of its own.
    /// </summary>
    /// <exception cref="DatabaseException">A migration failed, or the database is newer than the code.</exception>
    public void MigrateUp()
    {
        // Creating a runner takes as long as opening the database, and most starts have nothing to migrate.
        if (!RefuseNewerDatabase().SequenceEqual(migrations.Versions))
        {
            Run("up", runner => runner.MigrateUp());
        }
    }

    /// <summary>Reverts the migrations above a version; 0 reverts all.</summary>
    /// <exception cref="DatabaseException">A migration failed, or the database is newer than the code.</exception>
    public void MigrateDown(long version)
    {
        RefuseNewerDatabase();
        Run(FormattableString.Invariant($"down to {version}"), runner => runner.MigrateDown(version));
    }

    /// <summary>The applied versions in ascending order.</summary>
    public IReadOnlyList<long> AppliedVersions()
    {
        using var connection = database.Connect();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT 1 FROM duckdb_tables() WHERE database_name = current_database() "
            + $"AND schema_name = 'main' AND table_name = '{SchemaVersionTable.Name}'";
        if (command.ExecuteScalar() is null)
        {
            return [];
        }

        command.CommandText = $"SELECT {SchemaVersionTable.VersionColumn} FROM {SchemaVersionTable.Name} ORDER BY 1";
        using var reader = command.ExecuteReader();
        var versions = new List<long>();
        while (reader.Read())
        {
            versions.Add(reader.GetInt64(0));
        }

        return versions;
    }

    /// <summary>Returns the applied versions, and fails if this version does not know one.</summary>
    private IReadOnlyList<long> RefuseNewerDatabase()
    {
        var applied = AppliedVersions();
        var unknown = applied.Except(migrations.Versions).ToList();
        if (unknown.Count > 0)
        {
            throw new DatabaseException(
                $"The database {database.Path} was migrated by a newer JobService: this version does not know "
                + $"migration {string.Join(", ", unknown.Select(Text))}. Start the newer version, or restore the "
                + "backup from before the upgrade.");
        }

        return applied;
    }

    private static string Text(long version) => version.ToString(CultureInfo.InvariantCulture);

    private void Run(string direction, Action<IMigrationRunner> migrate)
    {
        using var services = MakeServices();
        using var scope = services.CreateScope();
        try
        {
            migrate(scope.ServiceProvider.GetRequiredService<IMigrationRunner>());
        }
        catch (Exception failure)
        {
            throw new DatabaseException(
                $"The migration {direction} of the database {database.Path} failed: {failure.Message} It was rolled "
                + "back, earlier migrations stay, and no data was lost. The service does not run on a half migrated "
                + "database: start the version that ran before, and report this message.",
                failure);
        }

        _logger.LogInformation(
            "Database {Path} migrated {Direction} (versions {Versions})", database.Path, direction, AppliedVersions());
    }

    private ServiceProvider MakeServices() =>
        new ServiceCollection()
            .AddSingleton(loggers)
            .AddLogging()
            .AddSingleton<IFilteringMigrationSource>(migrations)
            .AddFluentMigratorCore()
            .ConfigureRunner(runner => runner.AddDuckDb().WithGlobalConnectionString(database.ConnectionString))
            .BuildServiceProvider(validateScopes: true);
}
