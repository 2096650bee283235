using System.Data.Common;
using DuckDB.NET.Data;
using ForegSyte.Jobs.Search;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// The index of tracks in DuckDB. Searches use the read connections, all but one at a time, so that other reads go on.
/// </summary>
internal sealed class DuckDbSearchStore : ISearchStore, ISearchDatabase, IDisposable
{
    private readonly DuckDbWriter _writer;
    private readonly DuckDbReaders _readers;
    private readonly TimeProvider _time;
    private readonly TrackSearch _search;
    private readonly SemaphoreSlim _places;

    public DuckDbSearchStore(
        DuckDbWriter writer, DuckDbReaders readers, IOptions<DatabaseOptions> options, TimeProvider time)
    {
        (_writer, _readers, _time, _search) = (writer, readers, time, new TrackSearch(this));
        _places = new SemaphoreSlim(Math.Max(1, options.Value.ReadConnections - 1));
    }

    /// <inheritdoc />
    public ISearchDialect Dialect { get; } = new DuckDbSearchDialect();

    /// <inheritdoc />
    public Task<IReadOnlyList<UnindexedJob>> ListUnindexedAsync(
        DateTimeOffset now, int limit, CancellationToken cancellationToken) =>
        _readers.ReadAsync<IReadOnlyList<UnindexedJob>>(
            connection => connection.Query(
                "SELECT job_id, failures FROM search_queue WHERE due_at <= $now ORDER BY due_at, job_id LIMIT $limit",
                reader => new UnindexedJob(reader.GetGuid(0), reader.GetInt32(1)),
                ("now", now.UtcDateTime), ("limit", limit)),
            cancellationToken);

    /// <inheritdoc />
    public Task<long> CountUnindexedAsync(CancellationToken cancellationToken) => _readers.ReadAsync(
        connection => connection.Query("SELECT count(*) FROM search_queue", reader => reader.GetInt64(0)).Single(),
        cancellationToken);

    /// <inheritdoc />
    public Task<bool> IndexAsync(IndexedTracks tracks, CancellationToken cancellationToken) =>
        _writer.ExecuteAsync(
            connection => SearchTables.Index(connection, tracks, _time.GetUtcNow().ToUnixTimeMilliseconds()),
            cancellationToken);

    /// <inheritdoc />
    public Task PostponeAsync(Guid jobId, DateTimeOffset dueAt, CancellationToken cancellationToken) =>
        _writer.ExecuteAsync(
            connection => connection.Execute(
                "UPDATE search_queue SET failures = failures + 1, due_at = $due_at WHERE job_id = $job_id",
                ("job_id", jobId), ("due_at", dueAt.UtcDateTime)),
            cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyList<FoundTrack<ObjectTrack>>> FindObjectsAsync(
        ObjectSearch search, CancellationToken cancellationToken) =>
        SearchAsync(() => _search.FindAsync(search, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyList<FoundTrack<TextTrack>>> FindTextsAsync(
        TextSearch search, CancellationToken cancellationToken) =>
        SearchAsync(() => _search.FindAsync(search, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public Task ReadAsync(
        string sql, IReadOnlyList<(string Name, object? Value)> parameters, Func<DbDataReader, bool> read,
        CancellationToken cancellationToken) =>
        _readers.ReadAsync(
            connection =>
            {
                connection.ReadWhile(sql, read, cancellationToken, parameters);
                return true;
            },
            cancellationToken);

    /// <inheritdoc />
    public void Dispose() => _places.Dispose();

    private async Task<T> SearchAsync<T>(Func<Task<T>> search, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken);
        try
        {
            return await search();
        }
        finally
        {
            _places.Release();
        }
    }
}

/// <summary>Writes the tables of the index of tracks in the writer's transactions.</summary>
internal static class SearchTables
{
    /// <summary>Adds completed jobs to the queue of the index.</summary>
    public static void Queue(DuckDBConnection connection, List<Guid> jobIds, List<DateTime> dueAt)
    {
        if (jobIds.Count > 0)
        {
            connection.Execute(
                "INSERT INTO search_queue (job_id, failures, due_at) "
                + "SELECT unnest($job_ids), 0, unnest($due_at) ON CONFLICT DO NOTHING",
                ("job_ids", jobIds), ("due_at", dueAt));
        }
    }

    /// <summary>Removes deleted jobs from the queue and from the index.</summary>
    public static void Delete(DuckDBConnection connection, List<Guid> jobIds)
    {
        connection.Execute(
            "DELETE FROM search_queue WHERE job_id IN (SELECT unnest($job_ids))", ("job_ids", jobIds));
        var numbers = connection.Query(
            "SELECT number FROM search_jobs WHERE job_id IN (SELECT unnest($job_ids))", reader => reader.GetInt64(0),
            ("job_ids", jobIds));
        if (numbers.Count == 0)
        {
            return;
        }

        // The range lets DuckDB skip the row groups of other jobs.
        (string, object?)[] keys = [("numbers", numbers), ("low", numbers.Min()), ("high", numbers.Max())];
        foreach (var table in (string[])["search_objects", "search_texts", "search_terms", "search_jobs"])
        {
            connection.Execute(
                $"DELETE FROM {table} WHERE number BETWEEN $low AND $high AND number IN (SELECT unnest($numbers))",
                keys);
        }

        connection.Execute(
            $"DELETE FROM search_chunks WHERE chunk_id >= $low << {IndexedTracks.ChunkBits} "
            + $"AND chunk_id < ($high + 1) << {IndexedTracks.ChunkBits} "
            + $"AND chunk_id >> {IndexedTracks.ChunkBits} IN (SELECT unnest($numbers))",
            keys);
    }

    /// <summary>Stores the tracks of a queued job; false if it is not queued.</summary>
    /// <param name="connection">The connection, in a transaction.</param>
    /// <param name="tracks">The tracks.</param>
    /// <param name="minNumber">
    /// Minimum number of the job in the index, above those of deleted jobs, whose numbers are not given again.
    /// </param>
    public static bool Index(DuckDBConnection connection, IndexedTracks tracks, long minNumber)
    {
        List<Guid> key = [tracks.JobId];
        if (connection.Query(
            "SELECT 1 FROM search_queue WHERE job_id = $job_id", reader => reader.GetInt32(0),
            ("job_id", tracks.JobId)).Count == 0)
        {
            return false;
        }

        var number = connection.Query(
            "SELECT greatest(coalesce(max(number), 0) + 1, $min_number) FROM search_jobs",
            reader => reader.GetInt64(0), ("min_number", minNumber)).Single();
        Delete(connection, key);
        if (tracks.Objects.Count + tracks.Texts.Count == 0)
        {
            return true;
        }

        connection.Execute(
            "INSERT INTO search_jobs (job_id, number, tenant, created_at) "
            + "VALUES ($job_id, $number, $tenant, $created_at)",
            ("job_id", tracks.JobId), ("number", number), ("tenant", tracks.Tenant),
            ("created_at", tracks.CreatedAt.UtcDateTime));
        Append(connection, "search_objects", tracks.Objects, (cells, row) => cells
            .AppendValue(number).AppendValue(row.TrackId).AppendValue(row.Chunk).AppendValue(row.Label)
            .AppendValue(row.Confidence).AppendValue(row.Zones).AppendValue(row.Lines));
        Append(connection, "search_texts", tracks.Texts, (cells, row) => cells
            .AppendValue(number).AppendValue(row.TrackId).AppendValue(row.Chunk).AppendValue(row.Confidence)
            .AppendValue(row.Folded).AppendValue(FoldedText.Signature(row.Bigrams)));
        Append(connection, "search_terms", tracks.Terms, (cells, row) => cells
            .AppendValue(number).AppendValue((int)row.Kind).AppendValue(row.Value).AppendValue(row.MaxConfidence));
        Append(connection, "search_chunks", tracks.Chunks, (cells, row) => cells
            .AppendValue((number << IndexedTracks.ChunkBits) | (long)row.Chunk).AppendValue(row.Content));
        return true;
    }

    private static void Append<TRow>(
        DuckDBConnection connection, string table, IEnumerable<TRow> rows,
        Func<IDuckDBAppenderRow, TRow, IDuckDBAppenderRow> append)
    {
        using var appender = connection.CreateAppender(table);
        foreach (var row in rows)
        {
            append(appender.CreateRow(), row).EndRow();
        }

        appender.Close();
    }
}
