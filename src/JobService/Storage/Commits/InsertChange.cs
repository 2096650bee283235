namespace ForegSyte.Jobs.Storage.Commits;

/// <summary>Stores a new job, or finds the one that has its request id.</summary>
internal sealed class InsertChange(JobRecord job) : JobChange<(JobRecord Job, bool Created)>
{
    private readonly JobRecord _job = JobPrecision.Cut(job);

    /// <inheritdoc />
    public override Guid JobId => _job.JobId;

    /// <inheritdoc />
    public override Guid? RequestId => _job.RequestId;

    /// <inheritdoc />
    public override bool NeedsRecord => false;

    /// <inheritdoc />
    protected override (JobRecord Job, bool Created) Apply(CommitBatch round)
    {
        if (RequestId is { } requestId && round.FindByRequestId(requestId) is { } earlier)
        {
            return (earlier, false);
        }

        round.Add(_job);
        return (_job, true);
    }
}
