namespace ForegSyte.Jobs.Uploads;

/// <summary>Computes the hashes of uploads on half of the processors; the other half receives parts.</summary>
internal sealed class UploadHashing : IDisposable
{
    private readonly SemaphoreSlim _slots = new(Math.Max(1, Environment.ProcessorCount / 2));

    /// <summary>Creates the hash of an upload without parts.</summary>
    public PrefixHash Begin(DataFile file) => new(file, _slots);

    /// <inheritdoc />
    public void Dispose() => _slots.Dispose();
}
