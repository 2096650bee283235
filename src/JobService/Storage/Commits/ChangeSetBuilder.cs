namespace ForegSyte.Jobs.Storage.Commits;

/// <summary>Finds the rows that lead from the records before a round to those after it. Pure.</summary>
internal sealed class ChangeSetBuilder
{
    private readonly List<JobRecord> _newJobs = [];
    private readonly List<JobRecord> _changedJobs = [];
    private readonly List<Guid> _goneJobs = [];
    private readonly List<AttemptRow> _newAttempts = [];
    private readonly List<AttemptRow> _changedAttempts = [];
    private readonly List<AttemptRow> _goneAttempts = [];

    /// <summary>Adds what became of one job; null for one that is not there.</summary>
    /// <param name="before">The stored record.</param>
    /// <param name="after">The record to store.</param>
    /// <param name="isReplaced">Whether the stored job was deleted and another one has its id.</param>
    public void Add(JobRecord? before, JobRecord? after, bool isReplaced)
    {
        switch (before, after)
        {
            case (null, null):
                break;
            case ({ } gone, null):
                _goneJobs.Add(gone.JobId);
                break;
            case (null, { } added):
                _newJobs.Add(added);
                AddAttempts(added.JobId, [], added.Attempts);
                break;
            case ({ } old, { } changed) when isReplaced:
                _goneJobs.Add(old.JobId);
                _newJobs.Add(changed);
                AddAttempts(changed.JobId, [], changed.Attempts);
                break;
            case ({ } old, { } changed):
                _changedJobs.Add(changed);
                AddAttempts(changed.JobId, old.Attempts, changed.Attempts);
                break;
        }
    }

    /// <summary>The rows.</summary>
    public ChangeSet Build(
        IReadOnlyList<RequestRow> newRequests,
        IReadOnlyList<RequestRow> goneRequests,
        IReadOnlyList<Guid> tombstones) =>
        new()
        {
            NewJobs = _newJobs,
            ChangedJobs = _changedJobs,
            GoneJobs = _goneJobs,
            NewAttempts = _newAttempts,
            ChangedAttempts = _changedAttempts,
            GoneAttempts = _goneAttempts,
            NewRequests = newRequests,
            GoneRequests = goneRequests,
            Tombstones = tombstones,
        };

    private void AddAttempts(
        Guid jobId, IReadOnlyList<AttemptRecord> before, IReadOnlyList<AttemptRecord> after)
    {
        if (before.Count == 0)
        {
            _newAttempts.AddRange(after.Select(attempt => new AttemptRow(jobId, attempt)));
            return;
        }

        var old = before.ToDictionary(attempt => attempt.Number);
        foreach (var attempt in after)
        {
            // One that was not touched is the same but for its failure's dictionary, which compares by reference.
            if (!old.Remove(attempt.Number, out var earlier))
            {
                _newAttempts.Add(new AttemptRow(jobId, attempt));
            }
            else if (earlier != attempt)
            {
                _changedAttempts.Add(new AttemptRow(jobId, attempt));
            }
        }

        _goneAttempts.AddRange(old.Values.Select(attempt => new AttemptRow(jobId, attempt)));
    }
}
