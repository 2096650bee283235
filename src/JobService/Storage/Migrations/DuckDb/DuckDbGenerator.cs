using FluentMigrator.Exceptions;
using FluentMigrator.Expressions;
using FluentMigrator.Model;
using FluentMigrator.Runner;
using FluentMigrator.Runner.Generators;
using FluentMigrator.Runner.Generators.Generic;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Storage.Migrations.DuckDb;

/// <summary>
/// Turns migration expressions into DuckDB's SQL. What DuckDB cannot do, or does in a way that bites later (foreign
/// keys break updates of the parent row), is refused here, where the author of a migration sees it.
/// </summary>
internal sealed class DuckDbGenerator(DuckDbColumn column, DuckDbQuoter quoter) : GenericGenerator(
    column, quoter, new EmptyDescriptionGenerator(),
    Options.Create(new GeneratorOptions { CompatibilityMode = CompatibilityMode.STRICT }))
{
    /// <summary>The name under which FluentMigrator knows the database.</summary>
    public const string Id = "DuckDB";

    /// <inheritdoc />
    public override string GeneratorId => Id;

    /// <inheritdoc />
    public override List<string> GeneratorIdAliases { get; } = [Id];

    /// <inheritdoc />
    public override string RenameTable => "ALTER TABLE {0} RENAME TO {1}";

    /// <summary>
    /// ADD COLUMN … NOT NULL is not supported in one step; rows without a default make the second fail.
    /// </summary>
    public override string Generate(CreateColumnExpression expression)
    {
        Refuse(expression.Column.IsPrimaryKey, "add a primary key column to a table that exists");
        Refuse(expression.Column.IsUnique, "add a unique column to a table that exists");
        var table = Table(expression.TableName, expression.SchemaName);
        var add = $"ALTER TABLE {table} ADD COLUMN {column.GenerateNullable(expression.Column)}";
        return expression.Column.IsNullable == true
            ? add
            : $"{add}; ALTER TABLE {table} ALTER COLUMN {Quoter.QuoteColumnName(expression.Column.Name)} SET NOT NULL";
    }

    /// <summary>Type, default and nullability are three statements.</summary>
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

    /// <summary>DuckDB takes no name for a key that is added later.</summary>
    public override string Generate(CreateConstraintExpression expression)
    {
        var constraint = expression.Constraint;
        Refuse(!constraint.IsPrimaryKeyConstraint, "add a UNIQUE constraint; create the table with it");
        return $"ALTER TABLE {Table(constraint.TableName, constraint.SchemaName)} "
            + $"ADD PRIMARY KEY ({string.Join(", ", constraint.Columns.Select(Quoter.QuoteColumnName))})";
    }

    /// <inheritdoc />
    public override string Generate(DeleteConstraintExpression expression) =>
        throw Unsupported("drop a constraint; create the table anew and copy the rows");

    /// <inheritdoc />
    public override string Generate(CreateForeignKeyExpression expression) =>
        throw Unsupported("update a row that a foreign key points to; ForegSyte uses none");

    /// <inheritdoc />
    public override string Generate(DeleteForeignKeyExpression expression) =>
        throw Unsupported("drop a foreign key; ForegSyte uses none");

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
