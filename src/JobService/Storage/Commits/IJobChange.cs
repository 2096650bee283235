namespace ForegSyte.Jobs.Storage.Commits;

/// <summary>A change of one job, committed together with those of others.</summary>
internal interface IJobChange : IPendingWrite
{
    /// <summary>The job whose record the change is about.</summary>
    Guid JobId { get; }

    /// <summary>The request id that the change wants to use; null where it wants none.</summary>
    Guid? RequestId { get; }

    /// <summary>Whether the record has to be known. A new job's is assumed to be missing at first.</summary>
    bool NeedsRecord { get; }

    /// <summary>Decides what the change does, after those that the round already has. Throws nothing.</summary>
    void Decide(CommitBatch round);
}
