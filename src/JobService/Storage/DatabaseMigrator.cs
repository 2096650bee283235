using System.Globalization;
using FluentMigrator.Runner;
using FluentMigrator.Runner.Initialization;
using ForegSyte.Jobs.Storage.Migrations;

namespace ForegSyte.Jobs.Storage;

/// <summary>A database that <see cref="DatabaseMigrator"/> migrates.</summary>
internal interface IMigratedDatabase
{
    /// <summary>Name of the database in messages.</summary>
    string Name { get; }

    /// <summary>Keeps other processes from migrating the database; disposal ends that.</summary>
    IDisposable LockSchema();

    /// <summary>The applied versions in ascending order.</summary>
    IReadOnlyList<long> AppliedVersions();

    /// <summary>Adds the database to a runner of migrations.</summary>
    void AddTo(IMigrationRunnerBuilder runner);

    /// <summary>What is wrong with the database, if it is no failure of a migration: a missing privilege.</summary>
    DatabaseException? Explain(Exception failure);
}

/// <summary>
/// Migrates the database to the schema of this version. Run it before the service accepts calls: an ALTER makes
/// concurrent commits fail.
/// </summary>
internal sealed class DatabaseMigrator(IMigratedDatabase database, MigrationList migrations, ILoggerFactory loggers)
{
    private readonly ILogger _logger = loggers.CreateLogger<DatabaseMigrator>();

    /// <summary>
    /// Applies the missing migrations, each in a transaction of its own.
    /// </summary>
    /// <exception cref="DatabaseException">A migration failed, or the database is newer than the code.</exception>
    public void MigrateUp()
    {
        using var schema = database.LockSchema();
        try
        {
            ApplyMissing();
        }
        catch (Exception failure) when (database.Explain(failure) is { } explained)
        {
            throw explained;
        }
    }

    /// <summary>Reverts the migrations above a version; 0 reverts all.</summary>
    /// <exception cref="DatabaseException">A migration failed, or the database is newer than the code.</exception>
    public void MigrateDown(long version)
    {
        using var schema = database.LockSchema();
        RefuseNewerDatabase();
        Run(FormattableString.Invariant($"down to {version}"), runner => runner.MigrateDown(version));
    }

    /// <summary>The applied versions in ascending order.</summary>
    public IReadOnlyList<long> AppliedVersions() => database.AppliedVersions();

    private void ApplyMissing()
    {
        // Creating a runner takes as long as opening the database, and most starts have nothing to migrate.
        if (!RefuseNewerDatabase().SequenceEqual(migrations.Versions))
        {
            Run("up", runner => runner.MigrateUp());
        }
    }

    /// <summary>Returns the applied versions, and fails if this version does not know one.</summary>
    private IReadOnlyList<long> RefuseNewerDatabase()
    {
        var applied = AppliedVersions();
        var unknown = applied.Except(migrations.Versions).ToList();
        if (unknown.Count > 0)
        {
            throw new DatabaseException(
                $"The database {database.Name} was migrated by a newer JobService: this version does not know "
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
                $"The migration {direction} of the database {database.Name} failed: {failure.Message} It was rolled "
                + "back, earlier migrations stay, and no data was lost. The service does not run on a half migrated "
                + "database: start the version that ran before, and report this message.",
                failure);
        }

        _logger.LogInformation(
            "Database {Database} migrated {Direction} (versions {Versions})",
            database.Name, direction, AppliedVersions());
    }

    private ServiceProvider MakeServices() =>
        new ServiceCollection()
            .AddSingleton(loggers)
            .AddLogging()
            .AddSingleton<IFilteringMigrationSource>(migrations)
            .AddFluentMigratorCore()
            .ConfigureRunner(database.AddTo)
            .BuildServiceProvider(validateScopes: true);
}
