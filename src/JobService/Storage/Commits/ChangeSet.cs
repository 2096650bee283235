namespace ForegSyte.Jobs.Storage.Commits;

/// <summary>The rows that a commit writes. What is gone is removed before what is new is added.</summary>
internal sealed record ChangeSet
{
    public required IReadOnlyList<JobRecord> NewJobs { get; init; }

    public required IReadOnlyList<JobRecord> ChangedJobs { get; init; }

    public required IReadOnlyList<Guid> GoneJobs { get; init; }

    public required IReadOnlyList<AttemptRow> NewAttempts { get; init; }

    public required IReadOnlyList<AttemptRow> ChangedAttempts { get; init; }

    /// <summary>Attempts that are gone from jobs that stay.</summary>
    public required IReadOnlyList<AttemptRow> GoneAttempts { get; init; }

    public required IReadOnlyList<RequestRow> NewRequests { get; init; }

    public required IReadOnlyList<RequestRow> GoneRequests { get; init; }

    /// <summary>Jobs to note as deleted: also one that came and went within the round has artifacts.</summary>
    public required IReadOnlyList<Guid> Tombstones { get; init; }

    /// <summary>Whether there is nothing to write.</summary>
    public bool IsEmpty =>
        NewJobs.Count + ChangedJobs.Count + GoneJobs.Count + NewAttempts.Count + ChangedAttempts.Count
        + GoneAttempts.Count + NewRequests.Count + GoneRequests.Count + Tombstones.Count == 0;
}
