namespace ForegSyte.Jobs.Storage;

/// <summary>
/// Keeps the artifacts of deleted jobs while a backup links or copies them. Deletions of jobs go on: their tombstones
/// stay, and the cleaner removes the artifacts later.
/// </summary>
/// <remarks>
/// A job's row is deleted before its artifacts. So a backup that takes the hold before it copies the database finds
/// the artifacts of every job in the copy, although a removal that began earlier goes on.
/// </remarks>
internal sealed class DeletionHold
{
    private int _holders;

    /// <summary>Whether artifacts of jobs must stay.</summary>
    public bool IsHeld => Volatile.Read(ref _holders) > 0;

    /// <summary>Takes the hold until the result is disposed.</summary>
    public IDisposable Take()
    {
        Interlocked.Increment(ref _holders);
        return new Holder(this);
    }

    private sealed class Holder(DeletionHold hold) : IDisposable
    {
        private int _isReleased;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isReleased, 1) == 0)
            {
                Interlocked.Decrement(ref hold._holders);
            }
        }
    }
}
