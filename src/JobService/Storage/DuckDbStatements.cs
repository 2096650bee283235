using DuckDB.NET.Data;

namespace ForegSyte.Jobs.Storage;

/// <summary>Runs a statement with named parameters.</summary>
internal static class DuckDbStatements
{
    /// <summary>Runs a statement; returns the count of rows that it changed.</summary>
    public static int Execute(
        this DuckDBConnection connection, string sql, params IEnumerable<(string Name, object? Value)> parameters)
    {
        using var command = Command(connection, sql, parameters);
        return command.ExecuteNonQuery();
    }

    /// <summary>Runs a query and reads all rows.</summary>
    public static List<T> Query<T>(
        this DuckDBConnection connection,
        string sql,
        Func<DuckDBDataReader, T> read,
        params IEnumerable<(string Name, object? Value)> parameters)
    {
        using var command = Command(connection, sql, parameters);
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    /// <summary>
    /// Reads in one transaction: a job and its attempts are two queries, and no change comes between them.
    /// </summary>
    public static T InSnapshot<T>(this DuckDBConnection connection, Func<T> read)
    {
        using var transaction = connection.BeginTransaction();
        var result = read();
        transaction.Commit();
        return result;
    }

    private static DuckDBCommand Command(
        DuckDBConnection connection, string sql, IEnumerable<(string Name, object? Value)> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.Add(new DuckDBParameter(name, value ?? DBNull.Value));
        }

        return command;
    }
}
