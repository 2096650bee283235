using FluentMigrator;
using FluentMigrator.Runner;
using FluentMigrator.Runner.VersionTableInfo;

namespace ForegSyte.Jobs.Storage.Migrations.DuckDb;

/// <summary>Registers DuckDB with FluentMigrator, which has no runner for it (ADR 3).</summary>
internal static class DuckDbRunnerBuilder
{
    /// <summary>Adds DuckDB and <see cref="SchemaVersionTable"/>; call it after AddFluentMigratorCore.</summary>
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

            // An index would block later changes of the table.
            .AddScoped<IVersionTableMetaData>(_ => new SchemaVersionTable(hasKey: true));
        return builder;
    }
}
