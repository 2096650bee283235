using System.Buffers.Binary;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// Tells where frames are in a large results document, about one of every 64 KiB, so that a page is one read of a known
/// range. An artifact beside the document, with a checksum.
/// </summary>
internal sealed class ResultsIndex
{
    /// <summary>Maximum size of a document without an index; such a document is read whole.</summary>
    public const int MaxDocumentBytes = 256 * 1024;

    /// <summary>Minimum distance of two entries in the document.</summary>
    private const int EntryDistance = 64 * 1024;

    /// <summary>The document's length precedes the entries.</summary>
    private const int HeaderBytes = sizeof(long);

    private const int EntryBytes = sizeof(int) + sizeof(long) + sizeof(long);

    private readonly List<Entry> _entries = [];
    private long _messageBytes;

    /// <summary>Adds a frame; a document's frames are added in their order.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="offset">Offset of its line in the document.</param>
    public void Add(FrameResult frame, long offset)
    {
        if (_entries.Count == 0 || offset - _entries[^1].Offset >= EntryDistance)
        {
            _entries.Add(new Entry(frame.FrameIndex, offset, _messageBytes));
        }

        _messageBytes += ResultsFormat.SizeOf(frame);
    }

    /// <summary>
    /// The range of the document that contains a page, and the frame after it if there is one.
    /// </summary>
    /// <param name="startFrame">Minimum frame_index of the page.</param>
    /// <param name="pageBytes">Maximum size of its frames as elements of a protobuf message.</param>
    /// <returns>Start and end; the end is null if the range extends to the end of the document.</returns>
    public (long Start, long? End) RangeOf(int startFrame, int pageBytes)
    {
        var next = _entries.FindIndex(entry => entry.FrameIndex > startFrame);
        if (next < 0)
        {
            return (_entries[^1].Offset, null);
        }

        // Frames after the start can be anywhere before the next entry, so the budget counts from there.
        var end = _entries.FindIndex(
            next, entry => entry.MessageBytes - _entries[next].MessageBytes > pageBytes);
        return (_entries[Math.Max(0, next - 1)].Offset, end < 0 ? null : _entries[end].Offset);
    }

    /// <summary>Writes the index of a complete document durably; a small document gets none.</summary>
    /// <param name="storage">The storage of the document.</param>
    /// <param name="resultsKey">The key of the document.</param>
    /// <param name="documentBytes">Its length.</param>
    /// <param name="cancellationToken">Cancels the write and leaves nothing behind.</param>
    /// <exception cref="Hosting.Errors.ServiceException">STORAGE_FULL.</exception>
    public async Task WriteAsync(
        IStorage storage, string resultsKey, long documentBytes, CancellationToken cancellationToken)
    {
        if (documentBytes <= MaxDocumentBytes)
        {
            return;
        }

        var content = new byte[HeaderBytes + (_entries.Count * EntryBytes)];
        BinaryPrimitives.WriteInt64LittleEndian(content, documentBytes);
        for (var number = 0; number < _entries.Count; number++)
        {
            var bytes = content.AsSpan(HeaderBytes + (number * EntryBytes));
            BinaryPrimitives.WriteInt32LittleEndian(bytes, _entries[number].FrameIndex);
            BinaryPrimitives.WriteInt64LittleEndian(bytes[sizeof(int)..], _entries[number].Offset);
            BinaryPrimitives.WriteInt64LittleEndian(
                bytes[(sizeof(int) + sizeof(long))..], _entries[number].MessageBytes);
        }

        await using var artifact = await storage.StageAsync(ArtifactKeys.ResultsIndex(resultsKey), cancellationToken);
        await ChecksummedBlob.WriteAsync(artifact.Stream, content, cancellationToken);
        await artifact.CommitAsync(cancellationToken);
    }

    /// <summary>
    /// Reads the index of a large document; null if it has none, as those of earlier versions.
    /// </summary>
    /// <exception cref="InvalidDataException">The index is damaged, or belongs to another document.</exception>
    public static async Task<ResultsIndex?> ReadAsync(
        IStorage storage, string resultsKey, long documentBytes, CancellationToken cancellationToken)
    {
        var key = ArtifactKeys.ResultsIndex(resultsKey);
        byte[]? content;
        try
        {
            await using var stream = await storage.OpenReadAsync(key, cancellationToken);
            content = await ChecksummedBlob.ReadAsync(stream, cancellationToken);
        }
        catch (FileNotFoundException)
        {
            return null;
        }

        return content is { Length: >= HeaderBytes + EntryBytes }
            && BinaryPrimitives.ReadInt64LittleEndian(content) == documentBytes
                ? Parse(content)
                : throw new InvalidDataException($"The index {key} is damaged or does not fit its document.");
    }

    private static ResultsIndex Parse(byte[] content)
    {
        var index = new ResultsIndex();
        for (var at = HeaderBytes; at + EntryBytes <= content.Length; at += EntryBytes)
        {
            var bytes = content.AsSpan(at);
            index._entries.Add(new Entry(
                BinaryPrimitives.ReadInt32LittleEndian(bytes),
                BinaryPrimitives.ReadInt64LittleEndian(bytes[sizeof(int)..]),
                BinaryPrimitives.ReadInt64LittleEndian(bytes[(sizeof(int) + sizeof(long))..])));
        }

        return index;
    }

    /// <param name="FrameIndex">A frame of the document.</param>
    /// <param name="Offset">Offset of its line.</param>
    /// <param name="MessageBytes">Size of all frames before it as elements of a protobuf message.</param>
    private readonly record struct Entry(int FrameIndex, long Offset, long MessageBytes);
}
