namespace ForegSyte.Jobs.Storage.Commits;

/// <summary>
/// What waits for the writer. It begins or is cancelled, never both; once it has begun its outcome is told only after
/// the commit, since until then it may be decided again.
/// </summary>
internal interface IPendingWrite
{
    /// <summary>Takes the write; false where it was cancelled.</summary>
    bool TryBegin();

    /// <summary>Tells the caller the outcome.</summary>
    void Complete();

    /// <summary>Tells the caller that the commit failed.</summary>
    void Fail(Exception failure);
}
