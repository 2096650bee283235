namespace ForegSyte.Jobs.Storage.PostgreSql;

/// <summary>The queries of <see cref="PostgresClaims"/>.</summary>
internal static class ClaimSql
{
    /// <summary>Positions are counted up to here; a job behind has the next one.</summary>
    public const int MaxPosition = 1_000;

    private const string IsRunnable =
        "status = 'PENDING' AND (next_attempt_at IS NULL OR next_attempt_at <= clock_timestamp())";

    /// <summary>Ranks the pending jobs; locks them in the order of their ids, as commits do.</summary>
    public const string Rank =
        "WITH changed AS (SELECT job_id FROM jobs WHERE status = 'PENDING' "
        + "AND queue_rank IS DISTINCT FROM queued_at - priority * @step ORDER BY job_id FOR UPDATE) "
        + "UPDATE jobs SET queue_rank = queued_at - priority * @step FROM changed WHERE jobs.job_id = changed.job_id";

    /// <summary>Locks the first runnable jobs of a tenant that no one else has locked.</summary>
    public const string Lock =
        $"SELECT job_id FROM jobs WHERE {IsRunnable} AND tenant = @tenant AND job_id <> ALL(@postponed) "
        + "ORDER BY queue_rank, job_id LIMIT @count FOR UPDATE SKIP LOCKED";

    /// <summary>
    /// The tenants with runnable jobs, the number of these up to a limit, and the first. It steps from tenant to tenant
    /// by the index, so a tenant with many jobs costs no more than one with few.
    /// </summary>
    public const string Work =
        "WITH RECURSIVE tenants AS ("
        + "(SELECT tenant FROM jobs WHERE status = 'PENDING' ORDER BY tenant LIMIT 1) UNION ALL "
        + "SELECT (SELECT jobs.tenant FROM jobs WHERE status = 'PENDING' AND jobs.tenant > tenants.tenant "
        + "ORDER BY jobs.tenant LIMIT 1) FROM tenants WHERE tenants.tenant IS NOT NULL) "
        + "SELECT tenants.tenant, work.jobs, work.first FROM tenants, LATERAL ("
        + "SELECT count(*)::int AS jobs, (array_agg(job_id ORDER BY queue_rank, job_id))[1] AS first FROM ("
        + $"SELECT job_id, queue_rank FROM jobs WHERE {IsRunnable} AND jobs.tenant = tenants.tenant "
        + "AND job_id <> ALL(@postponed) ORDER BY queue_rank, job_id LIMIT @limit) AS runnable) AS work "
        + "WHERE tenants.tenant IS NOT NULL AND work.jobs > 0";

    /// <summary>
    /// Whether pending jobs wait for their back-off, and their positions: it reads the front of the queue of each of
    /// their tenants once.
    /// </summary>
    public const string Standings =
        "WITH asked AS MATERIALIZED (SELECT job_id, tenant, next_attempt_at FROM jobs "
        + "WHERE job_id = ANY(@job_ids) AND status = 'PENDING'), "
        + "front AS MATERIALIZED (SELECT queued.job_id, queued.position "
        + "FROM (SELECT DISTINCT tenant FROM asked) AS tenants, LATERAL ("
        + "SELECT job_id, row_number() OVER (ORDER BY queue_rank, job_id)::int AS position FROM jobs "
        + $"WHERE {IsRunnable} AND jobs.tenant = tenants.tenant ORDER BY queue_rank, job_id LIMIT @limit) AS queued) "
        + "SELECT asked.job_id, coalesce(asked.next_attempt_at > clock_timestamp(), false), "
        + "CASE WHEN asked.next_attempt_at > clock_timestamp() THEN 1 ELSE coalesce(front.position, @limit + 1) END "
        + "FROM asked LEFT JOIN front USING (job_id)";

    /// <summary>The numbers of pending and scheduled jobs, and the enqueue time of the oldest runnable one.</summary>
    public const string Counts =
        "SELECT (SELECT coalesce(sum(pending), 0)::int FROM tenant_usage WHERE @any OR tenant = @tenant), "
        + "(SELECT count(*)::int FROM jobs WHERE status = 'PENDING' AND next_attempt_at > clock_timestamp() "
        + "AND (@any OR tenant = @tenant)), "
        + $"(SELECT queued_at FROM jobs WHERE {IsRunnable} AND (@any OR tenant = @tenant) "
        + "ORDER BY queued_at LIMIT 1)";
}
