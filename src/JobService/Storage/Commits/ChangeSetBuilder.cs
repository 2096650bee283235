namespace ForegSyte.Jobs.Storage.Commits;

/// <summary>Finds the rows that lead from the records before a round to those after it. Pure.</summary>
internal sealed class ChangeSetBuilder
{
    private readonly List<JobRecord> _newJobs = [];
    private readonly List<JobRecord> _changedJobs = [];
    private readonly HashSet<Column<JobRecord>> _changedColumns = [];
    private readonly List<Guid> _goneJobs = [];
    private readonly List<AttemptRow> _newAttempts = [];
    private readonly List<AttemptRow> _changedAttempts = [];
    private readonly List<AttemptRow> _goneAttempts = [];

    /// <summary>Adds what became of one job; null for one that is not there.</summary>
    public void Add(JobRecord? before, JobRecord? after)
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
            case ({ } old, { } changed) when JobColumns.Fixed.Any(column => column.Differs(old, changed)):
                // The job was deleted and another one has its id: no column may be kept.
                _goneJobs.Add(old.JobId);
                _newJobs.Add(changed);
                AddAttempts(changed.JobId, [], changed.Attempts);
                break;
            case ({ } old, { } changed):
                AddChanged(old, changed);
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
            ChangedColumns = [.. _changedColumns],
            GoneJobs = _goneJobs,
            NewAttempts = _newAttempts,
            ChangedAttempts = _changedAttempts,
            GoneAttempts = _goneAttempts,
            NewRequests = newRequests,
            GoneRequests = goneRequests,
            Tombstones = tombstones,
        };

    private void AddChanged(JobRecord before, JobRecord after)
    {
        var differ = JobColumns.Changing.Where(column => column.Differs(before, after)).ToList();
        if (differ.Count > 0)
        {
            _changedJobs.Add(after);
            _changedColumns.UnionWith(differ);
        }

        AddAttempts(before.JobId, before.Attempts, after.Attempts);
    }

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
