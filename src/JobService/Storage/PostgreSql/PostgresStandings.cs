using ForegSyte.Jobs.Queue;

namespace ForegSyte.Jobs.Storage.PostgreSql;

/// <summary>
/// Finds where pending jobs stand in the queues of their tenants. Calls that arrive while a query runs share the next
/// one: a burst of submissions reads the front of a queue once for all of them.
/// </summary>
internal sealed class PostgresStandings(PostgresDatabase database) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _turn = new(1);
    private Round _next = new();

    /// <summary>Returns the standings of those jobs that are pending.</summary>
    /// <exception cref="Hosting.Errors.ServiceException">The database does not answer.</exception>
    public async Task<IReadOnlyDictionary<Guid, QueueStanding>> FindAsync(
        IEnumerable<Guid> jobIds, CancellationToken cancellationToken)
    {
        Task<Dictionary<Guid, QueueStanding>> answer;
        lock (_lock)
        {
            var round = _next;
            round.JobIds.UnionWith(jobIds);
            answer = round.Answer ??= Task.Run(() => QueryAsync(round), CancellationToken.None);
        }

        return await answer.WaitAsync(cancellationToken);
    }

    /// <inheritdoc />
    public void Dispose() => _turn.Dispose();

    private async Task<Dictionary<Guid, QueueStanding>> QueryAsync(Round round)
    {
        await _turn.WaitAsync();
        try
        {
            lock (_lock)
            {
                _next = new Round();
            }

            var found = await database.ReadAsync(
                (connection, token) => connection.QueryAsync(
                    ClaimSql.Standings,
                    reader => (JobId: reader.GetGuid(0), Standing: new QueueStanding(
                        reader.GetBoolean(1), reader.GetInt32(2))),
                    token, ("job_ids", round.JobIds.ToList()), ("limit", ClaimSql.MaxPosition)),
                CancellationToken.None);
            return found.ToDictionary(row => row.JobId, row => row.Standing);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>The jobs of one query; open for more until it starts.</summary>
    private sealed class Round
    {
        public HashSet<Guid> JobIds { get; } = [];

        public Task<Dictionary<Guid, QueueStanding>>? Answer { get; set; }
    }
}
