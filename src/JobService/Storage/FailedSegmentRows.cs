using System.Data.Common;
using System.Text.Json;
using DuckDB.NET.Data;
using ForegSyte.Protocol.Errors;

namespace ForegSyte.Jobs.Storage;

/// <summary>Reads and writes the table job_segments_failed: runs of segments that failed or lost frames.</summary>
internal static class FailedSegmentRows
{
    private static readonly string[] Columns =
    [
        "job_id", "number", "start_frame", "end_frame", "attempt", "instance", "started_at", "ended_at",
        "frames_analyzed", "frames_lost", "failure_reason", "failure_message", "failure_metadata_json",
        "decoder_output", "loss",
    ];

    /// <summary>The columns of <see cref="Select"/> in their order, with their types.</summary>
    public static readonly IReadOnlyList<(string Name, Type Type)> Types =
    [
        .. Columns.Skip(1).Select(column => (column, TypeOf(column))), (Columns[0], typeof(Guid)),
    ];

    /// <summary>
    /// Adds a run and drops the oldest ones above the limit. A job that was deleted meanwhile gets no row.
    /// </summary>
    public static int Add(DuckDBConnection connection, Guid jobId, SegmentRun run)
    {
        var added = connection.Execute(Insert("$"), ParametersOf(jobId, run));
        connection.Execute(
            DeleteOldest("$", "rowid"), ("job_id", jobId), ("limit", SegmentRun.MaxStoredOfJob));
        return added;
    }

    /// <summary>The runs of a job, oldest end first.</summary>
    public static IReadOnlyList<SegmentRun> Of(DuckDBConnection connection, Guid jobId) =>
        connection.Query(Select("$", "rowid"), Read, ("job_id", jobId));

    /// <summary>The statement that adds a run of a job that exists.</summary>
    /// <param name="prefix">What precedes the name of a parameter.</param>
    public static string Insert(string prefix) =>
        $"INSERT INTO job_segments_failed ({string.Join(", ", Columns)}) "
        + $"SELECT {string.Join(", ", Columns.Select(column => prefix + column))} "
        + $"WHERE EXISTS (SELECT 1 FROM jobs WHERE job_id = {prefix}job_id)";

    /// <summary>The statement that drops the oldest runs of a job above a limit.</summary>
    /// <param name="prefix">What precedes the name of a parameter.</param>
    /// <param name="rowId">The column that grows from row to row.</param>
    public static string DeleteOldest(string prefix, string rowId) =>
        $"DELETE FROM job_segments_failed WHERE job_id = {prefix}job_id AND {rowId} NOT IN (SELECT {rowId} "
        + $"FROM job_segments_failed WHERE job_id = {prefix}job_id "
        + $"ORDER BY ended_at DESC, {rowId} DESC LIMIT {prefix}limit)";

    /// <summary>The query for the runs of a job, oldest end first.</summary>
    /// <param name="prefix">What precedes the name of a parameter.</param>
    /// <param name="rowId">The column that grows from row to row.</param>
    public static string Select(string prefix, string rowId) =>
        $"SELECT {string.Join(", ", Columns.Skip(1))} FROM job_segments_failed WHERE job_id = {prefix}job_id "
        + $"ORDER BY ended_at, {rowId}";

    /// <summary>The parameters of <see cref="Insert"/>.</summary>
    public static (string Name, object? Value)[] ParametersOf(Guid jobId, SegmentRun run) =>
    [
        ("job_id", jobId),
        ("number", run.Segment.Number),
        ("start_frame", run.Segment.StartFrame),
        ("end_frame", run.Segment.EndFrame),
        ("attempt", run.Attempt),
        ("instance", run.Instance?.ToString()),
        ("started_at", run.StartedAt.UtcDateTime),
        ("ended_at", run.EndedAt!.Value.UtcDateTime),
        ("frames_analyzed", run.FramesAnalyzed),
        ("frames_lost", run.FramesLost),
        ("failure_reason", run.Failure?.Reason.ToText()),
        ("failure_message", run.Failure?.Message),
        ("failure_metadata_json", run.Failure is { } failure ? JsonSerializer.Serialize(failure.Metadata) : null),
        ("decoder_output", run.DecoderOutput),
        ("loss", (int)run.Loss),
    ];

    /// <summary>Deletes the runs of deleted jobs.</summary>
    public static void Delete(DuckDBConnection connection, List<Guid> jobIds) => connection.Execute(
        "DELETE FROM job_segments_failed WHERE job_id IN (SELECT unnest($job_ids))", ("job_ids", jobIds));

    /// <summary>Reads a row of <see cref="Select"/>.</summary>
    public static SegmentRun Read(DbDataReader reader)
    {
        var decoderOutput = reader.GetString(12);
        var analyzed = reader.GetInt32(7);
        return new SegmentRun(
            new Segment(reader.GetInt32(0), reader.GetInt32(1), reader.GetInt32(2)), reader.GetInt32(3),
            Instant(reader, 5))
        {
            Loss = reader.IsDBNull(13) ? SegmentLoss.None : (SegmentLoss)reader.GetInt32(13),
            Instance = reader.IsDBNull(4) ? null : new Uri(reader.GetString(4)),
            EndedAt = Instant(reader, 6),
            FramesAnalyzed = analyzed,
            FramesLost = reader.GetInt32(8),
            IsFinished = analyzed > 0,
            Failure = reader.IsDBNull(9)
                ? null
                : new JobFailure(
                    ErrorReasons.Parse(reader.GetString(9)),
                    reader.GetString(10),
                    JsonSerializer.Deserialize<Dictionary<string, string>>(reader.GetString(11))!)
                {
                    LastWords = decoderOutput,
                },
            DecoderOutput = decoderOutput,
        };
    }

    private static Type TypeOf(string column) => column switch
    {
        "instance" or "failure_reason" or "failure_message" or "failure_metadata_json" or "decoder_output" =>
            typeof(string),
        "started_at" or "ended_at" => typeof(DateTime),
        _ => typeof(int),
    };

    private static DateTimeOffset Instant(DbDataReader reader, int column) =>
        new(reader.GetDateTime(column), TimeSpan.Zero);
}
