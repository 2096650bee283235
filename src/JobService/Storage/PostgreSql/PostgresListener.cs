using System.Globalization;
using Microsoft.Extensions.Options;
using Npgsql;

namespace ForegSyte.Jobs.Storage.PostgreSql;

/// <summary>
/// The session of this process: it listens for the commits of other nodes, measures the server's clock and holds the
/// advisory lock of the leader. When the connection is lost, the lock is too, and all jobs count as changed once it is
/// back.
/// </summary>
internal sealed class PostgresListener(
    PostgresDatabase database, StoreClock clock, IOptions<PostgresOptions> options, TimeProvider time,
    ILogger<PostgresListener> logger) : BackgroundService, ILeadership
{
    private volatile bool _isLeader;
    private readonly TaskCompletionSource _firstTry = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>
    /// After this time without a look the server ends the session: this process is suspended, and another node must be
    /// able to lead.
    /// </summary>
    private TimeSpan IdleTimeout => TimeSpan.FromSeconds(5) + (5 * options.Value.PollInterval);

    /// <summary>Raised after other nodes changed jobs.</summary>
    public event Action<JobChanges>? Changed;

    /// <summary>Raised when another node made jobs pending, or may have.</summary>
    public event Action? WorkArrived;

    /// <inheritdoc />
    public bool IsLeader => _isLeader;

    /// <summary>
    /// Starts the session and returns after its first try to lead: the first node of a new database compares it with
    /// the storage before it accepts jobs, whose artifacts it would not know.
    /// </summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await base.StartAsync(cancellationToken);
        await _firstTry.Task.WaitAsync(cancellationToken);
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                logger.LogWarning(
                    "Session with database {Database} lost; trying again: {Reason}", database.Name, failure.Message);
            }
            finally
            {
                _isLeader = false;
                _firstTry.TrySetResult();
            }

            await Task.Delay(options.Value.PollInterval, time, stoppingToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ListenAsync(CancellationToken stoppingToken)
    {
        await using var connection = await database.Sessions.OpenConnectionAsync(stoppingToken);
        connection.Notification += (_, notification) => OnNotification(notification.Payload);
        var idle = IdleTimeout.TotalMilliseconds.ToString("F0", CultureInfo.InvariantCulture);
        await connection.ExecuteAsync($"SET idle_session_timeout = {idle}", stoppingToken);
        await connection.ExecuteAsync($"LISTEN {JobNotification.Channel}", stoppingToken);

        // What other nodes changed before this line sent no notification to this session.
        Changed?.Invoke(new JobChanges(null));
        WorkArrived?.Invoke();
        while (true)
        {
            await PollAsync(connection, stoppingToken);
            var start = time.GetTimestamp();
            while (options.Value.PollInterval - time.GetElapsedTime(start) is { Ticks: > 0 } left
                && await connection.WaitAsync(left, stoppingToken))
            {
            }
        }
    }

    /// <summary>Shows whether the connection is alive, reads the clock and tries to become the leader.</summary>
    private async Task PollAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var tryLock = _isLeader
            ? "true"
            : LeaderLock.Try;
        var (leads, now) = (await connection.QueryAsync(
            $"SELECT {tryLock}, clock_timestamp()",
            reader => (reader.GetBoolean(0), reader.GetFieldValue<DateTimeOffset>(1)), cancellationToken)).Single();
        clock.Set(now);
        if (leads && !_isLeader)
        {
            logger.LogInformation("This node is the leader: it runs retention and storage sweeps");
        }

        _isLeader = leads;
        _firstTry.TrySetResult();
    }

    private void OnNotification(string payload)
    {
        try
        {
            var notification = JobNotification.Parse(payload);
            if (notification?.Origin == database.Origin)
            {
                return;
            }

            Changed?.Invoke(new JobChanges(notification?.JobIds));
            if (notification is null or { HasWork: true })
            {
                WorkArrived?.Invoke();
            }
        }
        catch (Exception failure)
        {
            // It would end the session of the listener.
            logger.LogError(failure, "Handler of changes by other nodes failed");
        }
    }
}

/// <summary>The advisory lock of the leader, which belongs to a session.</summary>
internal static class LeaderLock
{
    /// <summary>Key of the lock; the letters "fsleader".</summary>
    private const long Key = 0x66736C6561646572;

    /// <summary>The call that takes the lock and tells whether it did.</summary>
    public static readonly string Try = $"pg_try_advisory_lock({Key.ToString(CultureInfo.InvariantCulture)})";

    /// <summary>Takes the lock in a session of its own, which the result ends; null if a JobService has it.</summary>
    public static async Task<IAsyncDisposable?> TryTakeAsync(
        PostgresDatabase database, CancellationToken cancellationToken)
    {
        var session = await database.Sessions.OpenConnectionAsync(cancellationToken);
        try
        {
            var isTaken = await session.QueryAsync($"SELECT {Try}", row => row.GetBoolean(0), cancellationToken);
            if (isTaken.Single())
            {
                return session;
            }
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }

        await session.DisposeAsync();
        return null;
    }
}

/// <summary>
/// Keeps the table of writers small: shows that those of this process are alive, and on the leader adds up the usage of
/// those whose process has ended.
/// </summary>
internal sealed class WriterUpkeep(
    PostgresDatabase database, PostgresCommitter committer, ILeadership leadership, IOptions<PostgresOptions> options,
    TimeProvider time, ILogger<WriterUpkeep> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(20);

    /// <summary>Adds up the usage of writers that no process has used for <see cref="PostgresOptions.WriterExpiry"/>.
    /// </summary>
    public Task<int> AddUpAsync(CancellationToken cancellationToken) => database.WriteAsync(
        (connection, token) => connection.ExecuteAsync(
            "WITH ended AS (DELETE FROM writers WHERE seen_at < clock_timestamp() - @expiry RETURNING writer_id), "
            + "old AS (DELETE FROM tenant_usage WHERE writer_id IN (SELECT writer_id FROM ended) RETURNING *) "
            + "INSERT INTO tenant_usage (tenant, writer_id, jobs, pending, video_bytes, result_bytes) "
            + "SELECT tenant, @sum, sum(jobs), sum(pending), sum(video_bytes), sum(result_bytes) FROM old "
            + "GROUP BY tenant ON CONFLICT (tenant, writer_id) DO UPDATE SET jobs = tenant_usage.jobs + excluded.jobs, "
            + "pending = tenant_usage.pending + excluded.pending, "
            + "video_bytes = tenant_usage.video_bytes + excluded.video_bytes, "
            + "result_bytes = tenant_usage.result_bytes + excluded.result_bytes",
            token, ("expiry", options.Value.WriterExpiry), ("sum", Guid.Empty)),
        cancellationToken);

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await timer.WaitForNextTickAsync(stoppingToken);
                await database.WriteAsync(
                    (connection, token) => connection.ExecuteAsync(
                        "UPDATE writers SET seen_at = clock_timestamp() WHERE writer_id = ANY(@own)",
                        token, ("own", committer.WriterIds.ToList())),
                    stoppingToken);
                if (leadership.IsLeader)
                {
                    await AddUpAsync(stoppingToken);
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                logger.LogWarning(
                    "Heartbeat of this node's database writers failed; trying again: {Reason}", failure.Message);
            }
        }
    }
}
