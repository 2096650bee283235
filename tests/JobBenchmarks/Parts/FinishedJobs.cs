using DuckDB.NET.Data;
using ForegSyte.JobBenchmarks.Processes;

namespace ForegSyte.JobBenchmarks.Parts;

/// <summary>
/// Data folders with many completed jobs. The service itself makes the database; the rows are put into it while it does
/// not run, since analyzing a million videos would take days.
/// </summary>
internal static class FinishedJobs
{
    private const int SampleSize = 10_000;

    /// <summary>
    /// What a completed job has in a column that is not left to its type: only what the service's reads depend on. A
    /// column that is not here and may be null is null.
    /// </summary>
    private static readonly Dictionary<string, string> JobValues = new()
    {
        ["job_id"] = "id",
        ["input_path"] = "id || '.mp4'",
        ["output_path"] = "id || '_results.json'",
        ["status"] = "'COMPLETED'",
        ["pipeline_id"] = "'detect_only'",
        ["frame_stride"] = "1",
        ["display_name"] = "'clip ' || i",
        ["created_at"] = "TIMESTAMP '2026-01-01' + to_seconds(i)",
        ["updated_at"] = "TIMESTAMP '2026-01-01 00:01:00' + to_seconds(i)",
        ["ended_at"] = "TIMESTAMP '2026-01-01 00:01:00' + to_seconds(i)",
        ["frames_total"] = "100",
        ["frames_done"] = "100",
        ["summary_json"] = """'{"frames":{"decoded":100,"analyzed":100},"detections_by_label":{"person":321}}'""",
    };

    private static readonly Dictionary<string, string> AttemptValues = new()
    {
        ["job_id"] = "job_id",
        ["number"] = "1",
        ["started_at"] = "created_at",
        ["ended_at"] = "created_at",
    };

    /// <summary>A file beside a data folder with the ids of some of its jobs, drawn at random, one a line.</summary>
    public static string SamplePath(string dataFolder) => dataFolder + "-ids";

    /// <summary>Makes a data folder with this many completed jobs; they have no files.</summary>
    public static async Task MakeAsync(string dataFolder, int count, CancellationToken cancellationToken)
    {
        await using (var service = await JobServiceProcess.StartAsync(dataFolder, cancellationToken))
        {
            await service.StopAsync();
        }

        await using var connection = Open(dataFolder);
        var jobs = Columns(connection, "jobs", JobValues);
        Execute(connection, FormattableString.Invariant(
            $"INSERT INTO jobs ({jobs.Names}) SELECT {jobs.Values} ")
            + FormattableString.Invariant($"FROM (SELECT i, uuid() AS id FROM range({count}) AS r(i))"));
        var attempts = Columns(connection, "attempts", AttemptValues);
        Execute(connection, $"INSERT INTO attempts ({attempts.Names}) SELECT {attempts.Values} FROM jobs");
        Execute(connection, "CHECKPOINT");
        await File.WriteAllLinesAsync(
            SamplePath(dataFolder), Ids(connection, $"USING SAMPLE {SampleSize} ROWS"), cancellationToken);
    }

    /// <summary>Gives every job an empty file where its video would be.</summary>
    public static async Task AddVideosAsync(string dataFolder, CancellationToken cancellationToken)
    {
        await using var connection = Open(dataFolder);
        var videos = Directory.CreateDirectory(Path.Combine(dataFolder, "video_jobs")).FullName;
        foreach (var id in Ids(connection, ""))
        {
            cancellationToken.ThrowIfCancellationRequested();
            File.Create(Path.Combine(videos, id + ".mp4"), bufferSize: 0).Dispose();
        }
    }

    private static DuckDBConnection Open(string dataFolder)
    {
        var path = Path.Combine(dataFolder, "foregsyte.duckdb");
        var connection = new DuckDBConnection(new DuckDBConnectionStringBuilder { DataSource = path }.ConnectionString);
        connection.Open();
        return connection;
    }

    /// <summary>The columns of a table that need a value, and what gives it.</summary>
    private static (string Names, string Values) Columns(
        DuckDBConnection connection, string table, Dictionary<string, string> values)
    {
        using var command = connection.CreateCommand();
        command.CommandText =
            $"SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = '{table}' "
            + $"AND (NOT is_nullable OR column_name IN ({string.Join(", ", values.Keys.Select(name => $"'{name}'"))}))";
        using var reader = command.ExecuteReader();
        var columns = new List<(string Name, string Value)>();
        while (reader.Read())
        {
            var name = reader.GetString(0);
            columns.Add((name, values.GetValueOrDefault(name) ?? DefaultOf(reader.GetString(1))));
        }

        return (string.Join(", ", columns.Select(column => $"\"{column.Name}\"")),
            string.Join(", ", columns.Select(column => column.Value)));
    }

    private static string DefaultOf(string type) => type switch
    {
        "VARCHAR" => "''",
        "BOOLEAN" => "false",
        "UUID" => "uuid()",
        "BLOB" => "''::BLOB",
        _ when type.StartsWith("TIMESTAMP", StringComparison.Ordinal) => "TIMESTAMP '2026-01-01'",
        _ => "0",
    };

    private static List<string> Ids(DuckDBConnection connection, string which)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT job_id::VARCHAR FROM jobs {which}";
        using var reader = command.ExecuteReader();
        var ids = new List<string>();
        while (reader.Read())
        {
            ids.Add(reader.GetString(0));
        }

        return ids;
    }

    private static void Execute(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
