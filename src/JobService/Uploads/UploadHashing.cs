namespace ForegSyte.Jobs.Uploads;

/// <summary>
/// What the hashes of all uploads share: half of the processors, so that the other half receives, and the memory for
/// parts whose turn comes soon.
/// </summary>
internal sealed class UploadHashing : IDisposable
{
    private readonly SemaphoreSlim _turns = new(Math.Max(1, Environment.ProcessorCount / 2));
    private readonly RecentParts _recent = new();

    /// <summary>The hash of a file of which nothing is there yet.</summary>
    public PrefixHash Begin(DataFile file) => new(file, _recent, _turns);

    /// <inheritdoc />
    public void Dispose() => _turns.Dispose();
}
