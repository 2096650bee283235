using System.Data;
using System.Globalization;
using FluentMigrator;
using FluentMigrator.Exceptions;
using FluentMigrator.Expressions;
using FluentMigrator.Model;
using FluentMigrator.Runner;
using FluentMigrator.Runner.Generators;
using FluentMigrator.Runner.Generators.Base;
using FluentMigrator.Runner.Generators.Generic;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Storage.Migrations.DuckDb;

/// <summary>
/// Generates DuckDB's SQL for migrations. It refuses what DuckDB cannot do, and foreign keys, which break updates of
/// the parent row.
/// </summary>
internal sealed class DuckDbGenerator(DuckDbColumn column, DuckDbQuoter quoter) : GenericGenerator(
    column, quoter, new EmptyDescriptionGenerator(),
    Options.Create(new GeneratorOptions { CompatibilityMode = CompatibilityMode.STRICT }))
{
    /// <summary>FluentMigrator's name of the database.</summary>
    public const string Id = "DuckDB";

    /// <inheritdoc />
    public override string GeneratorId => Id;

    /// <inheritdoc />
    public override List<string> GeneratorIdAliases { get; } = [Id];

    /// <inheritdoc />
    public override string RenameTable => "ALTER TABLE {0} RENAME TO {1}";

    /// <summary>
    /// Two statements: DuckDB has no ADD COLUMN … NOT NULL. Without a default, the second fails if there are rows.
    /// </summary>
    public override string Generate(CreateColumnExpression expression)
    {
        Refuse(expression.Column.IsPrimaryKey, "add a primary key column to an existing table");
        Refuse(expression.Column.IsUnique, "add a unique column to an existing table");
        var table = Table(expression.TableName, expression.SchemaName);
        var add = $"ALTER TABLE {table} ADD COLUMN {column.GenerateNullable(expression.Column)}";
        return expression.Column.IsNullable == true
            ? add
            : $"{add}; ALTER TABLE {table} ALTER COLUMN {Quoter.QuoteColumnName(expression.Column.Name)} SET NOT NULL";
    }

    /// <summary>One statement each for type, default and nullability.</summary>
    public override string Generate(AlterColumnExpression expression)
    {
        var definition = expression.Column;
        Refuse(definition.IsPrimaryKey || definition.IsUnique, "change the keys of a column");
        var alter = $"ALTER TABLE {Table(expression.TableName, expression.SchemaName)} "
            + $"ALTER COLUMN {Quoter.QuoteColumnName(definition.Name)}";
        var statements = new List<string> { $"{alter} TYPE {column.TypeOf(definition)}" };
        if (definition.DefaultValue is not ColumnDefinition.UndefinedDefaultValue)
        {
            statements.Add($"{alter} SET DEFAULT {Quoter.QuoteValue(definition.DefaultValue)}");
        }

        statements.Add(definition.IsNullable == true ? $"{alter} DROP NOT NULL" : $"{alter} SET NOT NULL");
        return string.Join("; ", statements);
    }

    /// <inheritdoc />
    public override string Generate(AlterDefaultConstraintExpression expression) =>
        $"ALTER TABLE {Table(expression.TableName, expression.SchemaName)} "
        + $"ALTER COLUMN {Quoter.QuoteColumnName(expression.ColumnName)} SET DEFAULT "
        + $"{Quoter.QuoteValue(expression.DefaultValue)}";

    /// <inheritdoc />
    public override string Generate(DeleteDefaultConstraintExpression expression) =>
        $"ALTER TABLE {Table(expression.TableName, expression.SchemaName)} "
        + $"ALTER COLUMN {Quoter.QuoteColumnName(expression.ColumnName)} DROP DEFAULT";

    /// <summary>DuckDB accepts no name for a key of an existing table.</summary>
    public override string Generate(CreateConstraintExpression expression)
    {
        var constraint = expression.Constraint;
        Refuse(!constraint.IsPrimaryKeyConstraint, "add a UNIQUE constraint; create the table with it");
        return $"ALTER TABLE {Table(constraint.TableName, constraint.SchemaName)} "
            + $"ADD PRIMARY KEY ({string.Join(", ", constraint.Columns.Select(Quoter.QuoteColumnName))})";
    }

    /// <inheritdoc />
    public override string Generate(DeleteConstraintExpression expression) =>
        throw Unsupported("drop a constraint; create a new table and copy the rows");

    /// <inheritdoc />
    public override string Generate(CreateForeignKeyExpression expression) =>
        throw Unsupported("update a row that a foreign key refers to; ForegSyte uses no foreign keys");

    /// <inheritdoc />
    public override string Generate(DeleteForeignKeyExpression expression) =>
        throw Unsupported("drop a foreign key; ForegSyte uses no foreign keys");

    private string Table(string table, string? schema) => Quoter.QuoteTableName(table, schema);

    private static void Refuse(bool condition, string what)
    {
        if (condition)
        {
            throw Unsupported(what);
        }
    }

    private static DatabaseOperationNotSupportedException Unsupported(string what) => new($"DuckDB cannot {what}.");
}

/// <summary>Generates column definitions.</summary>
internal sealed class DuckDbColumn(DuckDbTypeMap typeMap, DuckDbQuoter quoter)
    : ColumnBase<DuckDbTypeMap>(typeMap, quoter)
{
    /// <summary>The type, for ALTER COLUMN … TYPE.</summary>
    public string TypeOf(ColumnDefinition column) => FormatType(column);

    /// <summary>The definition without NOT NULL, for ADD COLUMN.</summary>
    public string GenerateNullable(ColumnDefinition column)
    {
        var nullable = (ColumnDefinition)column.Clone();
        nullable.IsNullable = true;
        return Generate(nullable);
    }

    /// <inheritdoc />
    protected override string FormatIdentity(ColumnDefinition column) => column.IsIdentity
        ? throw new DatabaseOperationNotSupportedException(
            $"DuckDB has no identity columns ({column.TableName}.{column.Name}). Use a UUID, or a sequence as the "
            + "default.")
        : "";
}

/// <summary>
/// Formats values as typed DuckDB literals, so that a wrong value fails in its migration and not where DuckDB casts it.
/// </summary>
internal sealed class DuckDbQuoter : GenericQuoter
{
    private const string Microseconds = "yyyy-MM-dd HH:mm:ss.ffffff";

    /// <inheritdoc />
    public override string FormatBool(bool value) => value ? "true" : "false";

    /// <inheritdoc />
    public override string FormatGuid(Guid value) => $"UUID '{value:D}'";

    /// <summary>TIMESTAMP has no zone and the columns hold UTC, so a local time is an error.</summary>
    public override string FormatDateTime(DateTime value) => value.Kind == DateTimeKind.Local
        ? throw new ArgumentException(
            "Timestamps must be in UTC; use a UTC DateTime or a DateTimeOffset.", nameof(value))
        : $"TIMESTAMP '{value.ToString(Microseconds, CultureInfo.InvariantCulture)}'";

    /// <inheritdoc />
    public override string FormatDateTimeOffset(DateTimeOffset value) => FormatDateTime(value.UtcDateTime);

    /// <inheritdoc />
    public override string FromTimeSpan(TimeSpan value) =>
        FormattableString.Invariant($"INTERVAL '{value.Ticks / TimeSpan.TicksPerMicrosecond} microseconds'");

    /// <summary>All clocks are UTC; the base uses the session's zone for some.</summary>
    public override string FormatSystemMethods(SystemMethods value) => value switch
    {
        SystemMethods.NewGuid or SystemMethods.NewSequentialId => "uuid()",
        SystemMethods.CurrentDateTime or SystemMethods.CurrentDateTimeOffset or SystemMethods.CurrentUTCDateTime =>
            "(now() AT TIME ZONE 'UTC')",
        SystemMethods.CurrentUser => "current_user",
        _ => throw new ArgumentOutOfRangeException(nameof(value), value, "DuckDB has no such function."),
    };

    /// <inheritdoc />
    protected override string FormatByteArray(byte[] value) => $"from_hex('{Convert.ToHexString(value)}')";
}

/// <summary>
/// DuckDB's column types. DuckDB does not enforce the lengths of VARCHAR and BLOB, so sizes are omitted.
/// </summary>
internal sealed class DuckDbTypeMap : TypeMapBase
{
    /// <summary>Maximum number of digits of DuckDB's DECIMAL.</summary>
    private const int MaxDecimalDigits = 38;

    // TypeMapBase 8.0.1 leaves this call to the derived class.
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
