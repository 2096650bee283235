namespace ForegSyte.Jobs.Storage.Commits;

/// <summary>Applies a transition to a job.</summary>
internal sealed class UpdateChange(Guid jobId, Func<JobRecord, JobRecord> transition) : JobChange<JobRecord?>
{
    /// <inheritdoc />
    public override Guid JobId => jobId;

    /// <inheritdoc />
    protected override JobRecord? Apply(CommitBatch round)
    {
        if (round.Find(jobId) is not { } before)
        {
            return null;
        }

        var returned = transition(before);
        if (ReferenceEquals(returned, before))
        {
            return before;
        }

        var after = JobPrecision.Cut(returned);
        JobIdentity.RequireSame(before, after);
        round.Replace(before, after);
        return after;
    }
}
