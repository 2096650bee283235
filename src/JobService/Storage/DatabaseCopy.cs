using DuckDB.NET.Data;
using ForegSyte.Jobs.Storage.Migrations;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// Copies the database as of one moment into a new file, with DuckDB's COPY, which reads every row and so finds damage
/// that a copy of the bytes would keep. Commits go on meanwhile.
/// </summary>
internal static class DatabaseCopy
{
    /// <summary>Writes the copy; nothing is durable yet.</summary>
    public static CopiedDatabase Write(DuckDBConnection connection, string path)
    {
        var name = connection.Query("SELECT current_database()", reader => reader.GetString(0)).Single();
        connection.Execute($"ATTACH {Literal(path)} AS backup_copy");
        try
        {
            connection.Execute("BEGIN TRANSACTION");
            try
            {
                connection.Execute($"COPY FROM DATABASE {Identifier(name)} TO backup_copy");
                var copied = new CopiedDatabase(
                    connection.Query(
                        $"SELECT max({SchemaVersionTable.VersionColumn}) FROM {SchemaVersionTable.Name}",
                        reader => reader.GetInt64(0)).Single(),
                    connection.Query(
                        "SELECT job_id, status = 'COMPLETED' FROM jobs",
                        reader => (JobId: reader.GetGuid(0), IsCompleted: reader.GetBoolean(1)))
                        .ToDictionary(job => job.JobId, job => job.IsCompleted));
                connection.Execute("COMMIT");
                return copied;
            }
            catch
            {
                connection.Execute("ROLLBACK");
                throw;
            }
        }
        finally
        {
            connection.Execute("DETACH backup_copy");
        }
    }

    /// <summary>A string literal, since ATTACH accepts no parameters.</summary>
    private static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private static string Identifier(string text) => $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}

/// <summary>A copy of the database.</summary>
/// <param name="SchemaVersion">Latest migration.</param>
/// <param name="Jobs">Its jobs, and whether each is completed.</param>
internal sealed record CopiedDatabase(long SchemaVersion, IReadOnlyDictionary<Guid, bool> Jobs);
