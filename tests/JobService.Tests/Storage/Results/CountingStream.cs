namespace ForegSyte.Jobs.Tests.Storage.Results;

/// <summary>Counts the bytes that are read, and gives at most a few at a time, as a stream may.</summary>
internal sealed class CountingStream(byte[] bytes, int mostAtATime = int.MaxValue) : MemoryStream(
    bytes, writable: false)
{
    public long BytesRead { get; private set; }

    // Streams that derive from MemoryStream come through here with spans too.
    public override int Read(byte[] buffer, int offset, int count)
    {
        var read = base.Read(buffer, offset, Math.Min(count, mostAtATime));
        BytesRead += read;
        return read;
    }
}
