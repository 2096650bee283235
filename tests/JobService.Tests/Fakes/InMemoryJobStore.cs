using System.Runtime.CompilerServices;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Fakes;

/// <summary>A job store without a disk. Correct by being simple: one lock, one dictionary.</summary>
internal sealed class InMemoryJobStore : IJobStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, JobRecord> _jobs = [];

    public Task<(JobRecord Job, bool Created)> InsertAsync(JobRecord job, CancellationToken cancellationToken) =>
        Run(() =>
        {
            if (job.RequestId is not null
                && _jobs.Values.SingleOrDefault(x => x.RequestId == job.RequestId) is { } earlier)
            {
                return (earlier, false);
            }

            var kept = JobPrecision.Cut(job);
            return _jobs.TryAdd(job.JobId, kept)
                ? (kept, true)
                : throw new ArgumentException("The job is there already.");
        }, cancellationToken);

    public Task<JobRecord?> FindAsync(Guid jobId, CancellationToken cancellationToken) =>
        Run(() => _jobs.GetValueOrDefault(jobId), cancellationToken);

    public Task<JobRecord?> FindByRequestIdAsync(Guid requestId, CancellationToken cancellationToken) =>
        Run(() => _jobs.Values.SingleOrDefault(job => job.RequestId == requestId), cancellationToken);

    public Task<JobRecord?> UpdateAsync(
        Guid jobId, Func<JobRecord, JobRecord> transition, CancellationToken cancellationToken) =>
        Run(() =>
        {
            if (!_jobs.TryGetValue(jobId, out var before))
            {
                return null;
            }

            var returned = transition(before);
            if (!ReferenceEquals(returned, before))
            {
                var after = JobPrecision.Cut(returned);
                JobIdentity.RequireSame(before, after);
                _jobs[jobId] = after;
            }

            return _jobs[jobId];
        }, cancellationToken);

    public Task<IReadOnlyList<JobRecord>> ListAsync(JobQuery query, CancellationToken cancellationToken) =>
        Run<IReadOnlyList<JobRecord>>(
            () =>
            [
                .. _jobs.Values
                    .Where(job => query.Filter is null || JobFilterEvaluator.Matches(query.Filter, job))
                    .Where(job => query.After is null || Compare(job, query.After) > 0)
                    .OrderByDescending(job => job.CreatedAt)
                    .ThenByDescending(job => job.JobId)
                    .Take(query.Limit),
            ],
            cancellationToken);

    public Task<IReadOnlyList<Guid>> ListUnfinishedAsync(CancellationToken cancellationToken) =>
        Run<IReadOnlyList<Guid>>(
            () =>
            [
                .. _jobs.Values
                    .Where(job => job.Status is JobStatus.Pending or JobStatus.Running)
                    .OrderBy(job => job.CreatedAt)
                    .ThenBy(job => job.JobId)
                    .Select(job => job.JobId),
            ],
            cancellationToken);

    public async IAsyncEnumerable<Guid> ListIdsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var id in await Run(() => _jobs.Keys.ToList(), cancellationToken))
        {
            yield return id;
        }
    }

    /// <summary>More than 0 where the job comes after the position in a list.</summary>
    private static int Compare(JobRecord job, JobPosition position) =>
        position.CreatedAt.CompareTo(job.CreatedAt) is var order and not 0
            ? order
            : position.JobId.CompareTo(job.JobId);

    private Task<T> Run<T>(Func<T> change, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<T>(cancellationToken);
        }

        try
        {
            lock (_lock)
            {
                return Task.FromResult(change());
            }
        }
        catch (Exception failure)
        {
            return Task.FromException<T>(failure);
        }
    }
}
