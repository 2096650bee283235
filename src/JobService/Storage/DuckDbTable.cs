using DuckDB.NET.Data;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// Writes rows of one table set-based: new ones with DuckDB's appender, changed ones with one statement over lists.
/// Belongs to one connection.
/// </summary>
/// <param name="connection">The connection.</param>
/// <param name="name">Name of the table.</param>
/// <param name="columns">All its columns, those of the key first.</param>
/// <param name="keyLength">How many of them are the key.</param>
internal sealed class DuckDbTable<TRow>(
    DuckDBConnection connection, string name, IReadOnlyList<Column<TRow>> columns, int keyLength)
{
    private const string ColumnsInOrder =
        "SELECT column_name FROM duckdb_columns() WHERE database_name = current_database() AND schema_name = 'main' "
        + "AND table_name = $table ORDER BY column_index";

    private readonly IReadOnlyList<Column<TRow>> _key = [.. columns.Take(keyLength)];

    // The appender knows columns by their place only, and migrations add them where they like.
    private readonly IReadOnlyList<Column<TRow>> _inOrder =
    [
        .. connection.Query(ColumnsInOrder, reader => reader.GetString(0), ("table", name))
            .Select(column => columns.Single(known => known.Name == column)),
    ];

    /// <summary>Adds rows. A key that is there already fails at the latest when the transaction commits.</summary>
    public void Append(IReadOnlyList<TRow> rows)
    {
        if (rows.Count == 0)
        {
            return;
        }

        using var appender = connection.CreateAppender(name);
        foreach (var row in rows)
        {
            var cells = appender.CreateRow();
            foreach (var column in _inOrder)
            {
                Append(cells, column.ValueOf(row));
            }

            cells.EndRow();
        }

        appender.Close();
    }

    /// <summary>Gives some columns of rows new values.</summary>
    public void Update(IReadOnlyList<TRow> rows, IReadOnlyList<Column<TRow>> changed)
    {
        if (rows.Count == 0 || changed.Count == 0)
        {
            return;
        }

        // For one row, a statement with plain values costs less than half of one with lists.
        var sql = rows.Count == 1
            ? JobSql.UpdateOne(name, _key, changed)
            : JobSql.UpdateMany(name, _key, changed);
        connection.Execute(sql, _key.Concat(changed).Select(column =>
            (column.Name, rows.Count == 1 ? column.ValueOf(rows[0]) : column.ListOf(rows))));
    }

    private static void Append(IDuckDBAppenderRow cells, object? value) => _ = value switch
    {
        null => cells.AppendNullValue(),
        string text => cells.AppendValue(text),
        int number => cells.AppendValue(number),
        long number => cells.AppendValue(number),
        bool flag => cells.AppendValue(flag),
        Guid id => cells.AppendValue(id),
        DateTime instant => cells.AppendValue(instant),
        _ => throw new ArgumentException($"A column cannot hold a {value.GetType()}.", nameof(value)),
    };
}
