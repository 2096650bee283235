using ForegSyte.Jobs.Fetching;

namespace ForegSyte.Jobs.Tests.Fetching;

/// <summary>Keeps the fetched bytes in memory.</summary>
internal sealed class MemorySink : IFetchSink
{
    private readonly MemoryStream _bytes = new();

    public byte[] Bytes => _bytes.ToArray();

    public List<long> Expected { get; } = [];

    public int Restarts { get; private set; }

    public void Expect(long totalBytes) => Expected.Add(totalBytes);

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
        _bytes.WriteAsync(bytes, cancellationToken);

    public void Restart()
    {
        Restarts++;
        _bytes.SetLength(0);
    }
}
