using System.Data;
using FluentMigrator.Runner.Generators.Base;

namespace ForegSyte.Jobs.Storage.Migrations.DuckDb;

/// <summary>
/// DuckDB's name for each column type. DuckDB does not enforce the length of VARCHAR and BLOB, so a size is accepted
/// and not written.
/// </summary>
internal sealed class DuckDbTypeMap : TypeMapBase
{
    /// <summary>Most digits of DuckDB's DECIMAL.</summary>
    private const int MaxDecimalDigits = 38;

    // TypeMapBase of 8.0.1 leaves the call to the class that knows when it is ready.
    public DuckDbTypeMap() => SetupTypeMaps();

    /// <inheritdoc />
    protected override void SetupTypeMaps()
    {
        DbType[] texts =
            [DbType.String, DbType.AnsiString, DbType.StringFixedLength, DbType.AnsiStringFixedLength];
        foreach (var type in texts)
        {
            SetTypeMap(type, "VARCHAR");
            SetTypeMap(type, "VARCHAR", int.MaxValue);
        }

        SetTypeMap(DbType.Binary, "BLOB");
        SetTypeMap(DbType.Binary, "BLOB", int.MaxValue);
        SetTypeMap(DbType.Boolean, "BOOLEAN");
        SetTypeMap(DbType.Byte, "UTINYINT");
        SetTypeMap(DbType.SByte, "TINYINT");
        SetTypeMap(DbType.Int16, "SMALLINT");
        SetTypeMap(DbType.Int32, "INTEGER");
        SetTypeMap(DbType.Int64, "BIGINT");
        SetTypeMap(DbType.UInt16, "USMALLINT");
        SetTypeMap(DbType.UInt32, "UINTEGER");
        SetTypeMap(DbType.UInt64, "UBIGINT");
        SetTypeMap(DbType.Single, "FLOAT");
        SetTypeMap(DbType.Double, "DOUBLE");
        SetTypeMap(DbType.Decimal, "DECIMAL(19, 5)");
        SetTypeMap(DbType.Decimal, "DECIMAL($size, $precision)", MaxDecimalDigits);
        SetTypeMap(DbType.Guid, "UUID");
        SetTypeMap(DbType.Date, "DATE");
        SetTypeMap(DbType.Time, "TIME");
        SetTypeMap(DbType.DateTime, "TIMESTAMP");
        SetTypeMap(DbType.DateTime2, "TIMESTAMP");
        SetTypeMap(DbType.DateTimeOffset, "TIMESTAMP");
    }
}
