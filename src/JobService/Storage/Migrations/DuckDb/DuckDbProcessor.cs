using System.Data;
using DuckDB.NET.Data;
using FluentMigrator.Expressions;
using FluentMigrator.Runner.Initialization;
using FluentMigrator.Runner.Processors;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Storage.Migrations.DuckDb;

/// <summary>
/// Runs the generated SQL. DDL is transactional in DuckDB, so a migration is applied completely or not at all.
/// </summary>
internal sealed class DuckDbProcessor(
    DuckDbGenerator generator,
    DuckDbQuoter quoter,
    ILogger<DuckDbProcessor> logger,
    IOptionsSnapshot<ProcessorOptions> options,
    IConnectionStringAccessor connectionString)
    : GenericProcessorBase(() => DuckDBClientFactory.Instance, generator, logger, options.Value, connectionString)
{
    private const string Main = "main";

    /// <inheritdoc />
    public override string DatabaseType => DuckDbGenerator.Id;

    /// <inheritdoc />
    public override IList<string> DatabaseTypeAliases { get; } = [];

    /// <inheritdoc />
    public override bool SchemaExists(string schemaName) =>
        Any($"duckdb_schemas() WHERE database_name = current_database() AND schema_name = {Schema(schemaName)}");

    /// <inheritdoc />
    public override bool TableExists(string schemaName, string tableName) =>
        Any($"duckdb_tables() WHERE {In(schemaName, tableName)}");

    /// <inheritdoc />
    public override bool ColumnExists(string schemaName, string tableName, string columnName) =>
        Any($"duckdb_columns() WHERE {In(schemaName, tableName)} AND column_name = {Text(columnName)}");

    /// <inheritdoc />
    public override bool ConstraintExists(string schemaName, string tableName, string constraintName) =>
        Any($"duckdb_constraints() WHERE {In(schemaName, tableName)} AND constraint_name = {Text(constraintName)}");

    /// <inheritdoc />
    public override bool IndexExists(string schemaName, string tableName, string indexName) =>
        Any($"duckdb_indexes() WHERE {In(schemaName, tableName)} AND index_name = {Text(indexName)}");

    /// <inheritdoc />
    public override bool SequenceExists(string schemaName, string sequenceName) =>
        Any($"duckdb_sequences() WHERE database_name = current_database() "
            + $"AND schema_name = {Schema(schemaName)} AND sequence_name = {Text(sequenceName)}");

    /// <inheritdoc />
    public override bool DefaultValueExists(
        string schemaName, string tableName, string columnName, object defaultValue) =>
        Any($"duckdb_columns() WHERE {In(schemaName, tableName)} AND column_name = {Text(columnName)} "
            + $"AND column_default = {Text(quoter.QuoteValue(defaultValue))}");

    /// <inheritdoc />
    public override DataSet ReadTableData(string schemaName, string tableName) =>
        Query($"SELECT * FROM {quoter.QuoteTableName(tableName, schemaName)}");

    /// <inheritdoc />
    public override DataSet Read(string template, params object[] args) => Query(Fill(template, args));

    /// <inheritdoc />
    public override bool Exists(string template, params object[] args) =>
        Query(Fill(template, args)).Tables[0].Rows.Count > 0;

    /// <inheritdoc />
    /// <remarks>The base doubles braces, which changes JSON literals.</remarks>
    public override void Execute(string sql) => Process(sql);

    /// <inheritdoc />
    public override void Execute(string template, params object[] args) => Process(Fill(template, args));

    /// <inheritdoc />
    public override void Process(PerformDBOperationExpression expression)
    {
        EnsureConnectionIsOpen();
        expression.Operation?.Invoke(Connection, Transaction);
    }

    /// <inheritdoc />
    /// <remarks>A failed commit ends the transaction; a rollback would fail and hide the cause.</remarks>
    public override void CommitTransaction()
    {
        try
        {
            base.CommitTransaction();
        }
        catch (DuckDBException)
        {
            Transaction = null;
            throw;
        }
    }

    /// <inheritdoc />
    protected override void Process(string sql)
    {
        if (string.IsNullOrWhiteSpace(sql) || Options.PreviewOnly)
        {
            return;
        }

        EnsureConnectionIsOpen();
        using var command = CreateCommand(sql);
        try
        {
            command.ExecuteNonQuery();
        }
        catch (DuckDBException failure)
        {
            ReThrowWithSql(failure, sql);
            throw;
        }
    }

    private bool Any(string fromWhere) => Query($"SELECT 1 FROM {fromWhere} LIMIT 1").Tables[0].Rows.Count > 0;

    private DataSet Query(string sql)
    {
        EnsureConnectionIsOpen();
        using var command = CreateCommand(sql);
        using var reader = command.ExecuteReader();
        var table = new DataTable { Locale = System.Globalization.CultureInfo.InvariantCulture };
        for (var i = 0; i < reader.FieldCount; i++)
        {
            table.Columns.Add(reader.GetName(i), reader.GetFieldType(i));
        }

        var values = new object[reader.FieldCount];
        while (reader.Read())
        {
            reader.GetValues(values);
            table.Rows.Add(values);
        }

        var result = new DataSet { Locale = table.Locale };
        result.Tables.Add(table);
        return result;
    }

    private string In(string? schema, string table) =>
        $"database_name = current_database() AND schema_name = {Schema(schema)} AND table_name = {Text(table)}";

    private string Schema(string? schema) => Text(string.IsNullOrEmpty(schema) ? Main : quoter.UnQuote(schema));

    private string Text(string value) => quoter.FormatNationalString(quoter.UnQuote(value));

    private static string Fill(string template, object[] args) =>
        args.Length == 0 ? template : string.Format(System.Globalization.CultureInfo.InvariantCulture, template, args);
}
