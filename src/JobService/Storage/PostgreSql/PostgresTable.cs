using Npgsql;

namespace ForegSyte.Jobs.Storage.PostgreSql;

/// <summary>Writes rows of one table in bulk: one statement over lists, however many rows there are.</summary>
/// <param name="name">Name of the table.</param>
/// <param name="columns">Its columns, starting with the key.</param>
/// <param name="keyLength">Number of columns of the key.</param>
internal sealed class PostgresTable<TRow>(string name, IReadOnlyList<Column<TRow>> columns, int keyLength)
{
    private readonly IReadOnlyList<Column<TRow>> _key = [.. columns.Take(keyLength)];
    private readonly string _insert =
        $"INSERT INTO {name} ({Names(columns)}) SELECT {Names(columns)} FROM {Lists(columns)}";

    /// <summary>Adds rows. A key that exists fails the statement.</summary>
    public void Insert(NpgsqlBatch batch, IReadOnlyList<TRow> rows)
    {
        if (rows.Count > 0)
        {
            batch.Add(_insert, Parameters(columns, rows));
        }
    }

    /// <summary>Adds rows whose key does not exist; the statement tells how many.</summary>
    public NpgsqlBatchCommand InsertNew(NpgsqlBatch batch, IReadOnlyList<TRow> rows) =>
        batch.Add($"{_insert} ON CONFLICT ({Names(_key)}) DO NOTHING", Parameters(columns, rows));

    /// <summary>Updates some columns of rows.</summary>
    public void Update(NpgsqlBatch batch, IReadOnlyList<TRow> rows, IReadOnlyList<Column<TRow>> changed)
    {
        if (rows.Count > 0)
        {
            IReadOnlyList<Column<TRow>> values = [.. _key, .. changed];
            batch.Add(
                $"UPDATE {name} SET {Join(", ", changed, column => $"{column} = changed.{column}")} "
                + $"FROM {Lists(values)} "
                + $"WHERE {Join(" AND ", _key, column => $"{name}.{column} = changed.{column}")}",
                Parameters(values, rows));
        }
    }

    private static string Lists(IReadOnlyList<Column<TRow>> columns) =>
        $"unnest({Join(", ", columns, column => "@" + column)}) AS changed ({Names(columns)})";

    private static string Names(IReadOnlyList<Column<TRow>> columns) => Join(", ", columns, column => column);

    private static string Join(string separator, IReadOnlyList<Column<TRow>> columns, Func<string, string> text) =>
        string.Join(separator, columns.Select(column => text(column.Name)));

    private static (string, object?)[] Parameters(IReadOnlyList<Column<TRow>> columns, IReadOnlyList<TRow> rows) =>
        [.. columns.Select(column => (column.Name, (object?)column.ListOf(rows)))];
}
