using FluentMigrator.Exceptions;
using FluentMigrator.Model;
using FluentMigrator.Runner.Generators.Base;

namespace ForegSyte.Jobs.Storage.Migrations.DuckDb;

/// <summary>Writes the definition of a column.</summary>
internal sealed class DuckDbColumn(DuckDbTypeMap typeMap, DuckDbQuoter quoter)
    : ColumnBase<DuckDbTypeMap>(typeMap, quoter)
{
    /// <summary>The type alone, as ALTER COLUMN … TYPE wants it.</summary>
    public string TypeOf(ColumnDefinition column) => FormatType(column);

    /// <summary>The definition without NOT NULL, as ADD COLUMN wants it.</summary>
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
