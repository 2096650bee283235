using ForegSyte.Jobs.Queue;

namespace ForegSyte.Jobs.Tests.Fakes;

/// <summary>
/// Claims of a queue in which no job is ever claimed and every pending job is the first one, unless a test gives the
/// standings. A test gives the counts.
/// </summary>
internal sealed class IdleClaims : IJobClaims
{
    public Func<Task<QueueCounts>> OnCount { get; set; } = () => Task.FromResult(QueueCounts.None);

    public Func<IReadOnlyList<JobRecord>, IReadOnlyList<QueueStanding>> OnStandings { get; set; } = pending =>
        [.. pending.Select(_ => new QueueStanding(IsScheduled: false, Position: 1))];

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task<JobTurn> NextAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        throw new OperationCanceledException(cancellationToken);
    }

    public ValueTask<IReadOnlyList<QueueStanding>> StandingsOfAsync(
        IReadOnlyList<JobRecord> pending, CancellationToken cancellationToken) => new(OnStandings(pending));

    public ValueTask<QueueCounts> CountAsync(string? tenant, CancellationToken cancellationToken) =>
        new(OnCount());
}
