using System.Data;
using FluentMigrator.Runner;
using FluentMigrator.Runner.Generators.Base;
using FluentMigrator.Runner.Generators.Postgres;
using FluentMigrator.Runner.VersionTableInfo;
using ForegSyte.Jobs.Storage.Migrations;

namespace ForegSyte.Jobs.Storage.PostgreSql;

/// <summary>Registers PostgreSQL with FluentMigrator.</summary>
internal static class PostgresMigrations
{
    /// <summary>Adds PostgreSQL and <see cref="SchemaVersionTable"/>; call it after AddFluentMigratorCore.</summary>
    public static IMigrationRunnerBuilder AddPostgreSql(this IMigrationRunnerBuilder builder)
    {
        // FluentMigrator adds its own map of types only if there is none.
        builder.Services
            .AddScoped<IPostgresTypeMap, PostgresTypeMap>()
            .AddScoped<IVersionTableMetaData>(_ => new SchemaVersionTable(hasKey: false));
        return builder.AddPostgres15_0();
    }

    /// <summary>
    /// The column types. Times are TIMESTAMPTZ: a TIMESTAMP has no zone, so its comparison with the clock of the server
    /// would depend on the zone of the session.
    /// </summary>
    private sealed class PostgresTypeMap : TypeMapBase, IPostgresTypeMap
    {
        // TypeMapBase 8.0.1 leaves this call to the derived class.
        public PostgresTypeMap() => SetupTypeMaps();

        /// <inheritdoc />
        protected override void SetupTypeMaps()
        {
            DbType[] texts =
                [DbType.String, DbType.AnsiString, DbType.StringFixedLength, DbType.AnsiStringFixedLength];
            foreach (var type in texts)
            {
                SetTypeMap(type, "TEXT");
                SetTypeMap(type, "TEXT", int.MaxValue);
            }

            DbType[] times = [DbType.DateTime, DbType.DateTime2, DbType.DateTimeOffset];
            foreach (var type in times)
            {
                SetTypeMap(type, "TIMESTAMPTZ");
            }

            SetTypeMap(DbType.Binary, "BYTEA");
            SetTypeMap(DbType.Binary, "BYTEA", int.MaxValue);
            SetTypeMap(DbType.Boolean, "BOOLEAN");
            SetTypeMap(DbType.Int16, "SMALLINT");
            SetTypeMap(DbType.Int32, "INTEGER");
            SetTypeMap(DbType.Int64, "BIGINT");
            SetTypeMap(DbType.Double, "DOUBLE PRECISION");
            SetTypeMap(DbType.Guid, "UUID");
        }
    }
}
