namespace ForegSyte.Jobs.Storage.Commits;

/// <summary>Removes a job, if a check lets it.</summary>
internal sealed class DeleteChange(Guid jobId, Action<JobRecord> check) : JobChange<JobRecord?>
{
    /// <inheritdoc />
    public override Guid JobId => jobId;

    /// <inheritdoc />
    protected override JobRecord? Apply(CommitBatch round)
    {
        if (round.Find(jobId) is not { } job)
        {
            return null;
        }

        check(job);
        round.Remove(job);
        return job;
    }
}
