using System.Data.Common;
using ForegSyte.Jobs.Search;
using ForegSyte.V1;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;

namespace ForegSyte.Jobs.Storage.PostgreSql;

/// <summary>
/// The index of tracks in PostgreSQL. Searches use a quarter of the connections at most, so that other calls go on.
/// </summary>
internal sealed class PostgresSearchStore : ISearchStore, ISearchDatabase, IDisposable
{
    private const int ShareOfConnections = 4;

    private readonly PostgresDatabase _database;
    private readonly TrackSearch _search;
    private readonly SemaphoreSlim _places;

    public PostgresSearchStore(PostgresDatabase database, IOptions<PostgresOptions> options)
    {
        (_database, _search) = (database, new TrackSearch(this));
        _places = new SemaphoreSlim(Math.Max(1, options.Value.MaxConnections / ShareOfConnections));
    }

    /// <inheritdoc />
    public ISearchDialect Dialect { get; } = new PostgresSearchDialect();

    /// <inheritdoc />
    public Task<IReadOnlyList<UnindexedJob>> ListUnindexedAsync(
        DateTimeOffset now, int limit, CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyList<UnindexedJob>>(
            async (connection, token) => await connection.QueryAsync(
                "SELECT job_id, failures FROM search_queue WHERE due_at <= @now ORDER BY due_at, job_id LIMIT @limit",
                reader => new UnindexedJob(reader.GetGuid(0), reader.GetInt32(1)), token,
                ("now", now.UtcDateTime), ("limit", limit)),
            cancellationToken);

    /// <inheritdoc />
    public Task<long> CountUnindexedAsync(CancellationToken cancellationToken) => _database.ReadAsync(
        async (connection, token) => (await connection.QueryAsync(
            "SELECT count(*) FROM search_queue", reader => reader.GetInt64(0), token)).Single(),
        cancellationToken);

    /// <inheritdoc />
    public Task<bool> IndexAsync(IndexedTracks tracks, CancellationToken cancellationToken) => _database.WriteAsync(
        (connection, token) => PostgresSearchTables.IndexAsync(connection, tracks, token), cancellationToken);

    /// <inheritdoc />
    public Task PostponeAsync(Guid jobId, DateTimeOffset dueAt, CancellationToken cancellationToken) =>
        _database.WriteAsync(
            (connection, token) => connection.ExecuteAsync(
                "UPDATE search_queue SET failures = failures + 1, due_at = @due_at WHERE job_id = @job_id", token,
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
        CancellationToken cancellationToken)
    {
        var hasRead = false;
        return _database.ReadAsync(
            (connection, token) => hasRead
                ? throw PostgresFailures.OfCall(new IOException("The connection broke between the rows of a search."))
                : connection.ReadWhileAsync(sql, Read, token, [.. parameters]),
            cancellationToken);

        bool Read(DbDataReader row)
        {
            hasRead = true;
            return read(row);
        }
    }

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

/// <summary>
/// PostgreSQL's SQL of searches. The first step of a search reads the texts of a few jobs by their number; its
/// conditions leave the index of texts out, which the planner would read in whole.
/// </summary>
internal sealed class PostgresSearchDialect : PostgresDialect, ISearchDialect
{
    /// <summary>Number of code points of a text that its index for equality has; see the migration.</summary>
    private const int IndexedLength = 100;

    /// <inheritdoc />
    /// <remarks>
    /// OFFSET 0 makes the planner look up each job by the index; else it reads the whole table for some hundred jobs.
    /// </remarks>
    public string OfRankedJobs(string table) =>
        "unnest(@numbers, @ranks) AS ranked (number, rank) CROSS JOIN LATERAL "
        + $"(SELECT * FROM {table} WHERE number = ranked.number OFFSET 0) AS t";

    /// <inheritdoc />
    public string IsAnyOf(string column, string parameter) => $"{column} = ANY(@{parameter})";

    /// <inheritdoc />
    public SqlCondition IsText(string folded, bool isIndexed) => isIndexed
        ? new SqlCondition(
            $"left(t.folded, {IndexedLength}) = @head AND t.folded = @text", [("text", folded), ("head", Head(folded))])
        : new SqlCondition("t.folded = @text", [("text", folded)]);

    /// <inheritdoc />
    public SqlCondition ContainsText(string folded, bool isIndexed)
    {
        var contains = new SqlCondition(Contains("t.folded", "@text"), [("text", folded)]);
        var bigrams = FoldedText.Bigrams(folded);
        return isIndexed && bigrams.Count > 0
            ? new SqlCondition("t.bigrams @> @bigrams", [("bigrams", bigrams)]).And(contains)
            : contains;
    }

    /// <inheritdoc />
    public SqlCondition MayMatch(FuzzyPattern pattern, bool isIndexed)
    {
        var conditions = new List<string>();
        var parameters = new List<(string, object?)> { ("min_length", pattern.MinLength) };
        foreach (var (i, piece) in pattern.Pieces.Index())
        {
            // A piece of a pattern with an error has two code points at least, and so a pair.
            conditions.Add(isIndexed ? $"t.bigrams @> @piece{i}" : Contains("t.folded", $"@piece{i}"));
            parameters.Add(($"piece{i}", isIndexed ? FoldedText.Bigrams(piece) : piece));
        }

        return new SqlCondition(
            $"({string.Join(" OR ", conditions)}) AND length(t.folded) >= @min_length", parameters);
    }

    /// <inheritdoc />
    public (string With, string Source) Tracks(string table, string columns, string condition) =>
        ($"WITH t AS MATERIALIZED (SELECT {columns} FROM {table} t WHERE {condition}) ", "t");

    /// <inheritdoc />
    public byte[] Bytes(DbDataReader row, int column) => row.GetFieldValue<byte[]>(column);

    private static string Head(string folded) =>
        string.Concat(folded.EnumerateRunes().Take(IndexedLength));
}

/// <summary>Writes the tables of the index of tracks.</summary>
internal static class PostgresSearchTables
{
    private const string OfJobs =
        "USING search_jobs AS s WHERE s.job_id = ANY(@job_ids) AND ";

    /// <summary>Adds the statement that queues completed jobs for the index.</summary>
    public static void Queue(NpgsqlBatch batch, List<Guid> jobIds)
    {
        if (jobIds.Count > 0)
        {
            batch.Add(
                "INSERT INTO search_queue (job_id, failures, due_at) SELECT job_id, 0, clock_timestamp() "
                + "FROM unnest(@job_ids) AS job_id ON CONFLICT DO NOTHING",
                ("job_ids", jobIds));
        }
    }

    /// <summary>
    /// Adds the statements that remove jobs. The first one waits for a transaction that indexes one of them, so that
    /// the others see its rows.
    /// </summary>
    public static void Delete(NpgsqlBatch batch, List<Guid> jobIds)
    {
        batch.Add("DELETE FROM search_queue WHERE job_id = ANY(@job_ids)", ("job_ids", jobIds));
        foreach (var table in (string[])["search_objects", "search_texts", "search_terms"])
        {
            batch.Add($"DELETE FROM {table} AS t {OfJobs} t.number = s.number", ("job_ids", jobIds));
        }

        batch.Add(
            $"DELETE FROM search_chunks AS t {OfJobs} t.chunk_id >= s.number << {IndexedTracks.ChunkBits} "
            + $"AND t.chunk_id < (s.number + 1) << {IndexedTracks.ChunkBits}",
            ("job_ids", jobIds));
        batch.Add("DELETE FROM search_jobs WHERE job_id = ANY(@job_ids)", ("job_ids", jobIds));
    }

    /// <summary>Stores the tracks of a queued job; false if it is not queued.</summary>
    public static async Task<bool> IndexAsync(
        NpgsqlConnection connection, IndexedTracks tracks, CancellationToken cancellationToken)
    {
        // A node that indexes the job at the same time waits here, and then finds no row.
        var isQueued = await connection.ExecuteAsync(
            "DELETE FROM search_queue WHERE job_id = @job_id", cancellationToken, ("job_id", tracks.JobId)) > 0;
        if (!isQueued)
        {
            return false;
        }

        await using (var batch = connection.CreateBatch())
        {
            Delete(batch, [tracks.JobId]);
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }

        if (tracks.Objects.Count + tracks.Texts.Count == 0)
        {
            return true;
        }

        var number = (await connection.QueryAsync(
            "INSERT INTO search_jobs (job_id, number, tenant, created_at) "
            + "VALUES (@job_id, nextval('search_numbers'), @tenant, @created_at) RETURNING number",
            reader => reader.GetInt64(0), cancellationToken,
            ("job_id", tracks.JobId), ("tenant", tracks.Tenant), ("created_at", tracks.CreatedAt.UtcDateTime)))
            .Single();
        await CopyAsync(
            connection, "search_objects (number, track_id, chunk, label, confidence, zones, lines)", tracks.Objects,
            (import, row) =>
            {
                Write(import, number, row.TrackId, row.Chunk);
                import.Write(row.Label);
                import.Write(row.Confidence);
                import.Write(row.Zones);
                import.Write(row.Lines);
            },
            cancellationToken);
        await CopyAsync(
            connection, "search_texts (number, track_id, chunk, confidence, folded, bigrams)", tracks.Texts,
            (import, row) =>
            {
                Write(import, number, row.TrackId, row.Chunk);
                import.Write(row.Confidence);
                import.Write(row.Folded);
                import.Write(row.Bigrams, NpgsqlDbType.Array | NpgsqlDbType.Integer);
            },
            cancellationToken);
        await CopyAsync(
            connection, "search_terms (number, kind, value, max_confidence)", tracks.Terms,
            (import, row) =>
            {
                import.Write(number);
                import.Write((int)row.Kind);
                import.Write(row.Value);
                import.Write(row.MaxConfidence);
            },
            cancellationToken);
        await CopyAsync(
            connection, "search_chunks (chunk_id, content)", tracks.Chunks,
            (import, row) =>
            {
                import.Write((number << IndexedTracks.ChunkBits) | (long)row.Chunk);
                import.Write(row.Content);
            },
            cancellationToken);
        return true;
    }

    private static void Write(NpgsqlBinaryImporter import, long number, int trackId, int chunk)
    {
        import.Write(number);
        import.Write(trackId);
        import.Write(chunk);
    }

    private static async Task CopyAsync<TRow>(
        NpgsqlConnection connection, string into, IEnumerable<TRow> rows, Action<NpgsqlBinaryImporter, TRow> write,
        CancellationToken cancellationToken)
    {
        await using var import = await connection.BeginBinaryImportAsync(
            $"COPY {into} FROM STDIN (FORMAT BINARY)", cancellationToken);
        foreach (var row in rows)
        {
            await import.StartRowAsync(cancellationToken);
            write(import, row);
        }

        await import.CompleteAsync(cancellationToken);
    }
}
