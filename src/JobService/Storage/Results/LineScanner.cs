namespace ForegSyte.Jobs.Storage.Results;

/// <summary>
/// Reads lines from any place of a stream. Reads in small blocks, since a search looks at a few lines only.
/// </summary>
internal sealed class LineScanner(Stream stream, long end)
{
    /// <summary>Bytes read at a time.</summary>
    public const int BlockBytes = 4_096;

    private readonly byte[] _block = new byte[BlockBytes];
    private long _blockStart;
    private int _blockLength;

    /// <summary>
    /// Reads a line without its line feed, at most <paramref name="maxBytes"/> of it, and returns the offset after its
    /// line feed. Null where <paramref name="start"/> or the end of the line is not before the end.
    /// </summary>
    /// <param name="start">Where the line begins, in bytes.</param>
    /// <param name="line">Receives the bytes; emptied first.</param>
    /// <param name="maxBytes">Most bytes to keep; the rest of the line is passed over.</param>
    public long? ReadLine(long start, List<byte> line, int maxBytes)
    {
        line.Clear();
        for (var at = start; at < end;)
        {
            var block = BlockAt(at);
            var length = block.IndexOf((byte)'\n');
            var part = length < 0 ? block : block[..length];
            line.AddRange(part[..Math.Min(part.Length, maxBytes - line.Count)]);
            at += part.Length;
            if (length >= 0)
            {
                return at + 1;
            }
        }

        return null;
    }

    /// <summary>
    /// The offset after the first line feed at or after an offset; null where there is none before the end.
    /// </summary>
    public long? NextLine(long offset) => ReadLine(offset, [], maxBytes: 0);

    private ReadOnlySpan<byte> BlockAt(long offset)
    {
        if (offset < _blockStart || offset >= _blockStart + _blockLength)
        {
            stream.Position = offset;
            _blockStart = offset;
            _blockLength = stream.ReadAtLeast(
                _block.AsSpan(0, (int)Math.Min(BlockBytes, end - offset)), 1, throwOnEndOfStream: false);
            if (_blockLength == 0)
            {
                throw ResultsDocumentReader.Damaged($"it ends at byte {offset}");
            }
        }

        return _block.AsSpan((int)(offset - _blockStart), (int)(_blockStart + _blockLength - offset));
    }
}
