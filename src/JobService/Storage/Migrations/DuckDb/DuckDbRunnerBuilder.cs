using FluentMigrator;
using FluentMigrator.Runner;
using FluentMigrator.Runner.VersionTableInfo;

namespace ForegSyte.Jobs.Storage.Migrations.DuckDb;

/// <summary>Makes DuckDB known to FluentMigrator, which has no runner for it.</summary>
internal static class DuckDbRunnerBuilder
{
    /// <summary>Adds DuckDB and <see cref="SchemaVersionTable"/>; to be called after AddFluentMigratorCore.</summary>
    public static IMigrationRunnerBuilder AddDuckDb(this IMigrationRunnerBuilder builder)
    {
        builder.Services
            .AddScoped<DuckDbQuoter>()
            .AddScoped<DuckDbTypeMap>()
            .AddScoped<DuckDbColumn>()
            .AddScoped<DuckDbGenerator>()
            .AddScoped<DuckDbProcessor>()
            .AddScoped<IMigrationGenerator>(provider => provider.GetRequiredService<DuckDbGenerator>())
            .AddScoped<IMigrationProcessor>(provider => provider.GetRequiredService<DuckDbProcessor>())
            .AddScoped<IVersionTableMetaData, SchemaVersionTable>();
        return builder;
    }
}
