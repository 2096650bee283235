namespace ForegSyte.Jobs.Storage;

/// <summary>
/// Looks up jobs in the database, those that are asked for at the same time together: a query costs nearly the same for
/// one job and for fifty.
/// </summary>
internal sealed class JobDataLoader(DuckDbReaders readers)
{
    /// <summary>Queries under way at a time. With one more the next lookups need not wait for the one before.</summary>
    private const int MostQueries = 2;

    private readonly Lock _lock = new();
    private readonly Queue<Lookup> _waiting = [];
    private int _queries;

    /// <summary>The job as the latest commit left it; null where there is none.</summary>
    public Task<JobRecord?> FindAsync(Guid jobId, CancellationToken cancellationToken)
    {
        var lookup = new Lookup(jobId);
        lock (_lock)
        {
            _waiting.Enqueue(lookup);
            if (_queries == MostQueries)
            {
                return lookup.Found.WaitAsync(cancellationToken);
            }

            _queries++;
        }

        _ = RunAsync();
        return lookup.Found.WaitAsync(cancellationToken);
    }

    private async Task RunAsync()
    {
        while (Take() is { Count: > 0 } lookups)
        {
            try
            {
                var jobs = await ReadAsync(lookups);
                lookups.ForEach(lookup => lookup.Complete(jobs.GetValueOrDefault(lookup.JobId)));
            }
            catch (Exception failure)
            {
                lookups.ForEach(lookup => lookup.Fail(failure));
            }
        }
    }

    /// <summary>The next lookups; none where nothing waits, and the query is over then.</summary>
    private List<Lookup> Take()
    {
        lock (_lock)
        {
            var lookups = new List<Lookup>();
            while (lookups.Count < StoredJobs.KeysAtATime && _waiting.TryDequeue(out var lookup))
            {
                lookups.Add(lookup);
            }

            _queries -= lookups.Count == 0 ? 1 : 0;
            return lookups;
        }
    }

    private async Task<Dictionary<Guid, JobRecord>> ReadAsync(List<Lookup> lookups)
    {
        var jobIds = lookups.Select(lookup => lookup.JobId).ToHashSet();
        var jobs = await readers.ReadAsync(
            connection => connection.InSnapshot(() => StoredJobs.Find(connection, jobIds).ToList()),
            CancellationToken.None);
        return jobs.ToDictionary(job => job.JobId);
    }

    private sealed class Lookup(Guid jobId)
    {
        private readonly TaskCompletionSource<JobRecord?> _found =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Guid JobId { get; } = jobId;

        public Task<JobRecord?> Found => _found.Task;

        public void Complete(JobRecord? job) => _found.SetResult(job);

        public void Fail(Exception failure) => _found.SetException(failure);
    }
}
