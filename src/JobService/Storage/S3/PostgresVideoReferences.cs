using ForegSyte.Jobs.Storage.PostgreSql;
using Npgsql;

namespace ForegSyte.Jobs.Storage.S3;

/// <summary>The table videos. The clock is the database's.</summary>
internal sealed class PostgresVideoReferences(PostgresDatabase database) : IVideoReferences
{
    private const string Use =
        "UPDATE videos SET used_at = clock_timestamp() WHERE content_id = $1 RETURNING object_key";

    private const string Record = """
        INSERT INTO videos (content_id, object_key, bytes, used_at) VALUES ($1, $2, $3, clock_timestamp())
        ON CONFLICT (content_id) DO UPDATE SET
            object_key = CASE WHEN videos.object_key = $4 THEN excluded.object_key ELSE videos.object_key END,
            used_at = clock_timestamp()
        RETURNING object_key
        """;

    /// <summary>A use at the same time locks the row, and is seen when the lock is free.</summary>
    private const string ForgetUnused = """
        DELETE FROM videos WHERE content_id IN (
            SELECT content_id FROM videos
            WHERE used_at < clock_timestamp() - $1
                AND NOT EXISTS (SELECT FROM jobs WHERE input_path = object_key)
            ORDER BY used_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        RETURNING object_key
        """;

    private const string FindKnown = """
        SELECT object_key FROM videos WHERE object_key = ANY($1)
        UNION SELECT input_path FROM jobs WHERE input_path = ANY($1)
        """;

    /// <inheritdoc />
    public async Task<string?> UseAsync(string contentId, CancellationToken cancellationToken) =>
        (await WriteAsync(Use, [contentId], cancellationToken)).SingleOrDefault();

    /// <inheritdoc />
    public async Task<string> RecordAsync(
        string contentId, string key, long bytes, string? missingKey, CancellationToken cancellationToken) =>
        (await WriteAsync(Record, [contentId, key, bytes, missingKey ?? ""], cancellationToken)).Single();

    /// <inheritdoc />
    public async Task<IReadOnlyList<string>> ForgetUnusedAsync(
        TimeSpan unusedFor, int limit, CancellationToken cancellationToken) =>
        await WriteAsync(ForgetUnused, [unusedFor, limit], cancellationToken);

    /// <inheritdoc />
    public async Task<IReadOnlySet<string>> FindKnownAsync(
        IReadOnlyCollection<string> keys, CancellationToken cancellationToken) =>
        (await database.ReadAsync(
            (connection, token) => RunAsync(connection, FindKnown, [keys.ToArray()], token), cancellationToken))
        .ToHashSet(StringComparer.Ordinal);

    private Task<List<string>> WriteAsync(string sql, object[] values, CancellationToken cancellationToken) =>
        database.WriteAsync((connection, token) => RunAsync(connection, sql, values, token), cancellationToken);

    private static async Task<List<string>> RunAsync(
        NpgsqlConnection connection, string sql, object[] values, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var keys = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            keys.Add(reader.GetString(0));
        }

        return keys;
    }
}
