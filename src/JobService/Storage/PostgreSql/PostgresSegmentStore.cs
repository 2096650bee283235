using System.Data.Common;
using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.V1;
using ForegSyte.V1;
using Npgsql;

namespace ForegSyte.Jobs.Storage.PostgreSql;

/// <summary>
/// Stores plans and segments as rows, which every node reads at once. A response above <see cref="MaxRowBytes"/> is an
/// artifact that its row publishes.
/// </summary>
/// <remarks>
/// Each write locks the job and checks its lease in the same statement: a claim by another node comes either before it,
/// and the write is refused, or after it, and the next attempt finds what was written. A database that is away does not
/// cost the attempt: the write is repeated until it is back or the attempt ends, at the latest with its lease.
/// </remarks>
internal sealed class PostgresSegmentStore(
    PostgresDatabase database, IStorage storage, TimeProvider time, ILogger<PostgresSegmentStore> logger)
    : ISegmentStore
{
    /// <summary>Maximum size of a row's response in bytes: 1 MiB.</summary>
    public const int MaxRowBytes = 1 << 20;

    /// <summary>
    /// Gives a row if the attempt holds the lease. The lock is shared by the segments of a job; a claim and a renewal
    /// wait for it.
    /// </summary>
    private const string Owned =
        "WITH owned AS (SELECT job_id FROM jobs WHERE job_id = @job AND status = 'RUNNING' AND lease_token = @token "
        + "AND lease_expires_at > clock_timestamp() FOR SHARE)";

    private const string StorePlan =
        $"{Owned} INSERT INTO job_plans (job_id, token, plan) SELECT job_id, @token, @plan FROM owned "
        + "ON CONFLICT (job_id) DO UPDATE SET token = excluded.token, plan = excluded.plan RETURNING TRUE";

    private const string StoreSegment =
        $"{Owned}, replaced AS (SELECT object_key FROM segments WHERE job_id = @job AND start_frame = @start "
        + "AND end_frame = @end AND object_key IS DISTINCT FROM @key::text) "
        + "INSERT INTO segments (job_id, start_frame, end_frame, attempt, token, object_key, content) "
        + "SELECT job_id, @start, @end, @attempt, @token, @key::text, @content::bytea FROM owned "
        + "ON CONFLICT (job_id, start_frame, end_frame) DO UPDATE SET attempt = excluded.attempt, "
        + "token = excluded.token, object_key = excluded.object_key, content = excluded.content "
        + "RETURNING (SELECT object_key FROM replaced)";

    private const string OrphanCondition =
        "NOT EXISTS (SELECT FROM jobs WHERE jobs.job_id = orphan.job_id AND status <> 'COMPLETED')";

    /// <inheritdoc />
    public async Task StorePlanAsync(
        Guid jobId, Guid leaseToken, IReadOnlyList<Segment> plan, CancellationToken cancellationToken) =>
        await WriteAsync(
            jobId,
            async (connection, token) =>
            {
                await StorePlanAsync(connection, jobId, leaseToken, plan, token);
                return 0;
            },
            cancellationToken);

    /// <inheritdoc />
    public async ValueTask<IReadOnlyList<Segment>?> ReadPlanAsync(Guid jobId, CancellationToken cancellationToken)
    {
        var plans = await database.ReadAsync(
            (connection, token) => connection.QueryAsync(
                "SELECT plan FROM job_plans WHERE job_id = @job", ReadBytes, token, ("job", jobId)),
            cancellationToken);
        return PlanOf(jobId, plans);
    }

    /// <inheritdoc />
    public async Task ShortenPlanAsync(
        Guid jobId, Guid leaseToken, IReadOnlyList<Segment> plan, int length, CancellationToken cancellationToken)
    {
        var removed = await WriteAsync(
            jobId,
            async (connection, token) =>
            {
                await StorePlanAsync(connection, jobId, leaseToken, [.. plan.Take(length)], token);
                return await connection.QueryAsync(
                    "DELETE FROM segments WHERE job_id = @job AND start_frame >= @end RETURNING object_key", ReadKey,
                    token, ("job", jobId), ("end", length == 0 ? 0 : plan[length - 1].EndFrame));
            },
            cancellationToken);
        await DeleteAsync(removed);
    }

    /// <inheritdoc />
    public async Task StoreAsync(
        Guid jobId, Guid leaseToken, Segment segment, int attempt, RunPipelineResponse response,
        CancellationToken cancellationToken)
    {
        var content = ChecksummedBlob.ToBytes(StoredSegment.ToBytes(attempt, response));
        var key = content.Length <= MaxRowBytes
            ? null
            : ArtifactKeys.Segment(jobId, segment.StartFrame, segment.EndFrame, leaseToken);
        if (key is not null)
        {
            await using var artifact = await storage.StageAsync(key, cancellationToken);
            await artifact.Stream.WriteAsync(content, cancellationToken);
            await artifact.CommitAsync(cancellationToken);
        }

        try
        {
            var replaced = await WriteAsync(
                jobId,
                async (connection, token) => RequireOwned(jobId, await connection.QueryAsync(
                    StoreSegment, ReadKey, token,
                    ("job", jobId), ("token", leaseToken), ("start", segment.StartFrame), ("end", segment.EndFrame),
                    ("attempt", attempt), ("key", key), ("content", key is null ? content : null))),
                cancellationToken);
            await DeleteAsync(replaced);
        }
        catch (TransitionRefusedException) when (key is not null)
        {
            await DeleteUnpublishedAsync(jobId, key);
            throw;
        }
    }

    /// <inheritdoc />
    public async ValueTask<RunPipelineResponse?> ReadAsync(
        Guid jobId, Segment segment, int frameStride, CancellationToken cancellationToken) =>
        (await ReadStoredAsync(jobId, segment, frameStride, cancellationToken))?.Response;

    /// <inheritdoc />
    public async ValueTask<RunPipelineResponse?> ReadFinishedAsync(
        JobRecord job, Segment segment, CancellationToken cancellationToken) =>
        await ReadStoredAsync(job.JobId, segment, job.FrameStride, cancellationToken) is { } stored
            && stored.IsFinished(job)
                ? stored.Response
                : null;

    /// <inheritdoc />
    /// <remarks>Reads the rows at each call, since any node can write them.</remarks>
    public async ValueTask<FinishedSegments?> FindAsync(Guid jobId, CancellationToken cancellationToken)
    {
        var (plans, ranges) = await database.ReadAsync(
            async (connection, token) =>
            {
                await using var batch = connection.CreateBatch();
                batch.Add("SELECT plan FROM job_plans WHERE job_id = @job", ("job", jobId));
                batch.Add("SELECT start_frame, end_frame FROM segments WHERE job_id = @job", ("job", jobId));
                await using var reader = await batch.ExecuteReaderAsync(token);
                return (
                    await reader.ReadAllAsync(ReadBytes, token),
                    await reader.ReadNextAsync(row => (Start: row.GetInt32(0), End: row.GetInt32(1)), token));
            },
            cancellationToken);
        if (PlanOf(jobId, plans) is not { } plan)
        {
            return null;
        }

        // Rows of a plan that is newer than the one that was read match no segment of it.
        var finished = new FinishedSegments(plan);
        foreach (var (start, end) in ranges)
        {
            finished.TryMarkStored(new Segment(finished.NumberOf(start), start, end));
        }

        return finished;
    }

    /// <inheritdoc />
    /// <remarks>The artifacts are deleted first, because the rows tell which exist.</remarks>
    public async ValueTask RemoveAllAsync(Guid jobId, CancellationToken cancellationToken)
    {
        var keys = await database.ReadAsync(
            (connection, token) => connection.QueryAsync(
                "SELECT object_key FROM segments WHERE job_id = @job AND object_key IS NOT NULL", ReadKey, token,
                ("job", jobId)),
            cancellationToken);
        foreach (var key in keys)
        {
            await storage.DeleteAsync(key!, cancellationToken);
        }

        await database.WriteAsync(
            async (connection, token) =>
            {
                await connection.ExecuteAsync("DELETE FROM segments WHERE job_id = @job", token, ("job", jobId));
                return await connection.ExecuteAsync(
                    "DELETE FROM job_plans WHERE job_id = @job", token, ("job", jobId));
            },
            cancellationToken);
    }

    /// <inheritdoc />
    public async ValueTask<int> RemoveOrphansAsync(CancellationToken cancellationToken) => await database.WriteAsync(
        async (connection, token) =>
        {
            await connection.ExecuteAsync($"DELETE FROM job_plans AS orphan WHERE {OrphanCondition}", token);
            return await connection.ExecuteAsync($"DELETE FROM segments AS orphan WHERE {OrphanCondition}", token);
        },
        cancellationToken);

    private static async Task StorePlanAsync(
        NpgsqlConnection connection, Guid jobId, Guid leaseToken, IReadOnlyList<Segment> plan,
        CancellationToken cancellationToken) => RequireOwned(jobId, await connection.QueryAsync(
            StorePlan, _ => true, cancellationToken,
            ("job", jobId), ("token", leaseToken), ("plan", ChecksummedBlob.ToBytes(StoredPlan.ToBytes(plan)))));

    /// <summary>Refuses a write that changed no row, because another attempt has the job's lease.</summary>
    private static List<T> RequireOwned<T>(Guid jobId, List<T> written) => written.Count > 0
        ? written
        : throw new TransitionRefusedException(
            TransitionRefusal.StaleLease, $"This attempt does not hold the lease of job {jobId} any more.");

    private async Task<T> WriteAsync<T>(
        Guid jobId, Func<NpgsqlConnection, CancellationToken, Task<T>> statements, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await database.WriteAsync(statements, cancellationToken);
            }
            catch (ServiceException away) when (away.Reason == ErrorReason.StoreUnavailable)
            {
                // Also if its COMMIT got no answer: the statements have the same effect again.
                logger.LogWarning("Segment of job {JobId} not stored; trying again: {Reason}", jobId, away.Message);
                await Task.Delay(away.RetryAfter ?? TimeSpan.FromSeconds(1), time, cancellationToken);
            }
        }
    }

    /// <inheritdoc />
    public async ValueTask<StoredSegment?> ReadStoredAsync(
        Guid jobId, Segment segment, int frameStride, CancellationToken cancellationToken)
    {
        if (segment.IsGap)
        {
            return StoredSegment.OfGap(segment);
        }

        var rows = await database.ReadAsync(
            (connection, token) => connection.QueryAsync(
                "SELECT object_key, content FROM segments WHERE job_id = @job AND start_frame = @start "
                + "AND end_frame = @end",
                row => (Key: ReadKey(row), Bytes: row.IsDBNull(1) ? null : row.GetFieldValue<byte[]>(1)), token,
                ("job", jobId), ("start", segment.StartFrame), ("end", segment.EndFrame)),
            cancellationToken);
        if (rows.Count == 0)
        {
            return null;
        }

        var name = rows[0].Key ?? ArtifactKeys.Segment(jobId, segment.StartFrame, segment.EndFrame);
        var content = rows[0].Bytes is { } bytes
            ? ChecksummedBlob.TryParse(bytes)
            : await ReadArtifactAsync(name, cancellationToken);
        if (content is not null)
        {
            return StoredSegment.TryParse(content, name, segment, frameStride, logger);
        }

        logger.LogWarning("Stored segment {Key} ignored: missing, or wrong checksum", name);
        return null;
    }

    private async ValueTask<byte[]?> ReadArtifactAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = await storage.OpenReadAsync(key, cancellationToken);
            return await ChecksummedBlob.ReadAsync(stream, cancellationToken);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private IReadOnlyList<Segment>? PlanOf(Guid jobId, List<byte[]> plans)
    {
        if (plans is not [var bytes])
        {
            return null;
        }

        if (ChecksummedBlob.TryParse(bytes) is { } content)
        {
            return StoredPlan.Parse(content);
        }

        logger.LogWarning("Segment plan of job {JobId} ignored: wrong checksum", jobId);
        return null;
    }

    /// <summary>Deletes the artifact of a refused write, unless an earlier write of the attempt published it.</summary>
    private async Task DeleteUnpublishedAsync(Guid jobId, string key)
    {
        List<string?> published;
        try
        {
            published = await database.ReadAsync(
                (connection, token) => connection.QueryAsync(
                    "SELECT object_key FROM segments WHERE job_id = @job AND object_key = @key", ReadKey, token,
                    ("job", jobId), ("key", key)),
                CancellationToken.None);
        }
        catch (ServiceException failure)
        {
            logger.LogWarning(failure, "Refused segment {Key} not deleted; it is deleted with its job", key);
            return;
        }

        if (published.Count == 0)
        {
            await DeleteAsync([key]);
        }
    }

    /// <summary>Deletes artifacts that no row publishes; what this leaves is deleted with the job.</summary>
    private async Task DeleteAsync(IEnumerable<string?> keys)
    {
        foreach (var key in keys.OfType<string>())
        {
            try
            {
                await storage.DeleteAsync(key, CancellationToken.None);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ServiceException)
            {
                logger.LogWarning(failure, "Replaced segment {Key} not deleted; it is deleted with its job", key);
            }
        }
    }

    private static string? ReadKey(DbDataReader row) => row.IsDBNull(0) ? null : row.GetString(0);

    private static byte[] ReadBytes(DbDataReader row) => row.GetFieldValue<byte[]>(0);
}
