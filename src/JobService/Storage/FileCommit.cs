namespace ForegSyte.Jobs.Storage;

/// <summary>A file that is written and waits to be durable under its final name.</summary>
/// <param name="File">The open file.</param>
/// <param name="TemporaryPath">Where it is.</param>
/// <param name="Path">Where it goes, in the same folder.</param>
internal sealed record FileCommit(FileStream File, string TemporaryPath, string Path)
{
    /// <summary>SHA-256 of the bytes, where equal files may share them; null otherwise.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Whether the file keeps its first name beside the final one, as another hard link.</summary>
    public bool IsKept { get; init; }

    // Continuations run elsewhere: the thread of the commits has the next ones to make.
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the file is durable under its final name, or with what stopped that.</summary>
    public Task Completion => _completion.Task;

    /// <summary>What stopped the commit; null where nothing did so far.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Does a step, unless one before it failed.</summary>
    public void Try(Action<FileCommit> step)
    {
        if (Failure is not null)
        {
            return;
        }

        try
        {
            step(this);
        }
        catch (Exception failure)
        {
            Failure = failure;
        }
    }

    /// <summary>Tells whoever waits.</summary>
    public void End()
    {
        if (Failure is null)
        {
            _completion.SetResult();
        }
        else
        {
            _completion.SetException(Failure);
        }
    }
}
