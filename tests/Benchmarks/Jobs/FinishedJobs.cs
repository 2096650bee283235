using DuckDB.NET.Data;
using ForegSyte.Benchmarks.Load;
using ForegSyte.Benchmarks.Processes;
using ForegSyte.V1;

namespace ForegSyte.Benchmarks.Jobs;

/// <summary>
/// Creates data folders with many completed jobs. The service creates the database; SQL copies the rows while the
/// service is stopped, since analyzing a million videos would take days.
/// </summary>
internal static class FinishedJobs
{
    private const int SampleSize = 10_000;
    private const string VideosFolder = "video_jobs";

    /// <summary>Columns that turn a pending job into a completed one; the others keep their values.</summary>
    private static readonly Dictionary<string, string> JobValues = new()
    {
        ["job_id"] = "id",
        ["input_path"] = "id || '.mp4'",
        ["output_path"] = "id || '_results.json'",
        ["status"] = "'COMPLETED'",
        ["display_name"] = "'clip ' || i",
        ["created_at"] = "TIMESTAMP '2026-01-01' + to_seconds(i)",
        ["updated_at"] = "TIMESTAMP '2026-01-01 00:01:00' + to_seconds(i)",
        ["ended_at"] = "TIMESTAMP '2026-01-01 00:01:00' + to_seconds(i)",
        ["frames_total"] = "100",
        ["frames_done"] = "100",
        ["summary_json"] = """'{"frames":{"decoded":100,"analyzed":100},"detections_by_label":{"person":321}}'""",
    };

    /// <summary>Columns of an attempt without a default for their type; those of a failure are null.</summary>
    private static readonly Dictionary<string, string> AttemptValues = new()
    {
        ["job_id"] = "job_id",
        ["number"] = "1",
        ["started_at"] = "created_at",
        ["ended_at"] = "ended_at",
    };

    /// <summary>File beside a data folder with a random sample of its job ids, one per line.</summary>
    public static string SamplePath(string dataFolder) => dataFolder + "-ids";

    /// <summary>Creates a data folder with completed jobs that have no files.</summary>
    public static async Task MakeAsync(
        string dataFolder, int count, string videoPath, CancellationToken cancellationToken)
    {
        var template = await SubmitTemplateAsync(dataFolder, videoPath, cancellationToken);
        await using var connection = Open(dataFolder);
        var columns = Columns(connection, "jobs").Select(column => column.Name).ToHashSet();
        var values = JobValues
            .Where(value => columns.Contains(value.Key))
            .Select(value => $"{value.Value} AS {value.Key}");
        Execute(connection, FormattableString.Invariant(
            $"INSERT INTO jobs SELECT template.* REPLACE ({string.Join(", ", values)}) ")
            + FormattableString.Invariant(
                $"FROM (SELECT i, uuid() AS id FROM range({count}) AS r(i)), jobs AS template"));
        Execute(connection, $"DELETE FROM jobs WHERE job_id = '{template.JobId}'");
        File.Delete(Path.Combine(dataFolder, VideosFolder, template.JobId + ".mp4"));

        var attempts = Columns(connection, "attempts");
        Execute(
            connection,
            $"INSERT INTO attempts ({string.Join(", ", attempts.Select(column => column.Name))}) "
            + $"SELECT {string.Join(", ", attempts.Select(AttemptValue))} FROM jobs");
        Execute(connection, "CHECKPOINT");
        await File.WriteAllLinesAsync(
            SamplePath(dataFolder), Ids(connection, $"USING SAMPLE {SampleSize} ROWS"), cancellationToken);
    }

    /// <summary>Creates an empty video file for every job.</summary>
    public static async Task AddVideosAsync(string dataFolder, CancellationToken cancellationToken)
    {
        await using var connection = Open(dataFolder);
        var videos = Directory.CreateDirectory(Path.Combine(dataFolder, VideosFolder)).FullName;
        foreach (var id in Ids(connection, ""))
        {
            cancellationToken.ThrowIfCancellationRequested();
            File.Create(Path.Combine(videos, id + ".mp4"), bufferSize: 0).Dispose();
        }
    }

    /// <summary>Lets the service create the database and one job, so that all columns have real values.</summary>
    private static async Task<Job> SubmitTemplateAsync(
        string dataFolder, string videoPath, CancellationToken cancellationToken)
    {
        await using var service = await JobServiceProcess.StartAsync(dataFolder, cancellationToken);
        var response = await service.Client.SubmitVideoAsync(
            Calls.SubmitRequest(videoPath), cancellationToken: cancellationToken);
        await service.StopAsync();
        return response.Job;
    }

    private static DuckDBConnection Open(string dataFolder)
    {
        var path = Path.Combine(dataFolder, "foregsyte.duckdb");
        var connection = new DuckDBConnection(new DuckDBConnectionStringBuilder { DataSource = path }.ConnectionString);
        connection.Open();
        return connection;
    }

    private static List<(string Name, string Type)> Columns(DuckDBConnection connection, string table)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = '{table}'";
        using var reader = command.ExecuteReader();
        var columns = new List<(string Name, string Type)>();
        while (reader.Read())
        {
            columns.Add((reader.GetString(0), reader.GetString(1)));
        }

        return columns;
    }

    private static string AttemptValue((string Name, string Type) column) =>
        AttemptValues.GetValueOrDefault(column.Name) ?? column.Type switch
        {
            "BOOLEAN" => "false",
            "INTEGER" or "BIGINT" => "0",
            _ => "NULL",
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
