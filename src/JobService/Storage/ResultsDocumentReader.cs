using System.Buffers;
using System.Runtime.InteropServices;
using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Storage;

/// <summary>Frames of a results document.</summary>
/// <param name="Frames">In ascending order of frame_index.</param>
/// <param name="NextFrame">Index of the next frame; null if these are the last.</param>
internal sealed record ResultsPage(IReadOnlyList<FrameResult> Frames, int? NextFrame);

/// <summary>
/// Reads pages of a results document. A small document is read whole. In a large one its <see cref="ResultsIndex"/>
/// tells the range of a page; the index, 20 bytes for every 64 KiB of the document, is read whole for each page.
/// Without an index, a binary search over the bytes finds the first frame. One caller at a time.
/// </summary>
internal sealed class ResultsDocumentReader : IAsyncDisposable
{
    /// <summary>Number of bytes at the start of a line that always contain its frame_index.</summary>
    private const int IndexBytes = 64;

    private readonly Stream _document;
    private readonly ResultsIndex? _index;
    private readonly long _start = ResultsFormat.Header.Length;
    private readonly long _end;
    private readonly LineScanner _lines;
    private readonly List<byte> _line = [];

    private ResultsDocumentReader(Stream document, ResultsIndex? index, bool isIndexDamaged)
    {
        (_document, _index, IsIndexDamaged) = (document, index, isIndexDamaged);
        _end = document.Length - ResultsFormat.Footer.Length;
        _lines = new LineScanner(document, document.Length, _end);
    }

    /// <summary>Whether the document has an index that cannot be used; pages are the same without it.</summary>
    public bool IsIndexDamaged { get; }

    /// <summary>Opens a document with its index.</summary>
    /// <exception cref="FileNotFoundException">The document does not exist.</exception>
    /// <exception cref="ServiceException">RESULTS_DAMAGED.</exception>
    public static async Task<ResultsDocumentReader> OpenAsync(
        IStorage storage, string key, CancellationToken cancellationToken)
    {
        var document = await storage.OpenReadAsync(key, cancellationToken);
        ResultsDocumentReader? reader = null;
        try
        {
            var (index, isDamaged) = await ReadIndexAsync(storage, key, document.Length, cancellationToken);
            reader = new ResultsDocumentReader(document, index, isDamaged);
            await reader.CheckEndsAsync(cancellationToken);
            return reader;
        }
        catch
        {
            await (reader?.DisposeAsync() ?? document.DisposeAsync());
            throw;
        }
    }

    /// <summary>
    /// Reads frames from <paramref name="startFrame"/> on: as many as fit into the budget, and at least one.
    /// </summary>
    /// <param name="startFrame">Minimum frame_index.</param>
    /// <param name="pageBytes">Maximum size of the frames as a repeated field of a protobuf message.</param>
    /// <param name="cancellationToken">Cancels the reads.</param>
    /// <exception cref="ServiceException">RESULTS_DAMAGED.</exception>
    public async Task<ResultsPage> ReadPageAsync(int startFrame, int pageBytes, CancellationToken cancellationToken)
    {
        long start;
        if (_index is null)
        {
            start = await FindAsync(startFrame, cancellationToken);
        }
        else
        {
            (start, var end) = _index.RangeOf(startFrame, pageBytes);
            await _lines.LoadAsync(start, (end ?? _end) - start, cancellationToken);
            start = await SkipAsync(start, startFrame, cancellationToken);
        }

        return await ReadFromAsync(start, startFrame, pageBytes, cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        _lines.Dispose();
        return _document.DisposeAsync();
    }

    /// <summary>The error for a damaged document.</summary>
    internal static ServiceException Damaged(string how, Exception? cause = null) => new(
        ErrorReason.ResultsDamaged,
        $"The stored results are damaged: {how}. Submit the video again; the operator should check the disk of the "
        + "server.",
        cause);

    private static async Task<(ResultsIndex? Index, bool IsDamaged)> ReadIndexAsync(
        IStorage storage, string key, long documentBytes, CancellationToken cancellationToken)
    {
        if (documentBytes <= ResultsIndex.MaxDocumentBytes)
        {
            return (null, false);
        }

        try
        {
            return (await ResultsIndex.ReadAsync(storage, key, documentBytes, cancellationToken), false);
        }
        catch (InvalidDataException)
        {
            return (null, true);
        }
    }

    /// <summary>
    /// Checks the first and the last line. An index fits only a document that was completed, so no read is needed then.
    /// </summary>
    private async Task CheckEndsAsync(CancellationToken cancellationToken)
    {
        if (_index is not null)
        {
            return;
        }

        if (_document.Length is > 0 and <= ResultsIndex.MaxDocumentBytes)
        {
            await _lines.LoadAsync(0, _document.Length, cancellationToken);
        }

        if (_end < _start
            || !await HasAtAsync(0, ResultsFormat.Header.ToArray(), cancellationToken)
            || !await HasAtAsync(_end, ResultsFormat.Footer.ToArray(), cancellationToken))
        {
            throw Damaged("its first or its last line is wrong");
        }
    }

    private async Task<bool> HasAtAsync(long offset, byte[] expected, CancellationToken cancellationToken) =>
        (await _lines.PeekAsync(offset, expected.Length, cancellationToken)).Span.SequenceEqual(expected);

    /// <summary>
    /// The offset of the first line whose index is at least <paramref name="startFrame"/>, or the end. Invariant: lines
    /// that start before low have smaller indexes, and the first line at or after high is the best one found so far.
    /// </summary>
    private async Task<long> FindAsync(int startFrame, CancellationToken cancellationToken)
    {
        var found = _end;
        var (low, high) = (_start, _end);
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            var line = middle == low ? low : await _lines.NextLineAsync(middle - 1, cancellationToken) ?? _end;
            if (line >= high)
            {
                high = middle;
                continue;
            }

            var (index, next) = await ReadIndexOfAsync(line, cancellationToken);
            if (index < startFrame)
            {
                low = next;
            }
            else
            {
                (found, high) = (line, middle);
            }
        }

        return found;
    }

    /// <summary>The offset of the first line from here on whose index is at least <paramref name="startFrame"/>.
    /// </summary>
    private async Task<long> SkipAsync(long at, int startFrame, CancellationToken cancellationToken)
    {
        while (at < _end)
        {
            var (index, next) = await ReadIndexOfAsync(at, cancellationToken);
            if (index >= startFrame)
            {
                break;
            }

            at = next;
        }

        return at;
    }

    private async Task<(int Index, long Next)> ReadIndexOfAsync(long line, CancellationToken cancellationToken)
    {
        var next = await _lines.ReadLineAsync(line, _line, IndexBytes, cancellationToken)
            ?? throw Damaged($"its line at byte {line} does not end");
        return (IndexOf(CollectionsMarshal.AsSpan(_line), line), next);
    }

    private async Task<ResultsPage> ReadFromAsync(
        long at, int startFrame, int pageBytes, CancellationToken cancellationToken)
    {
        var frames = new List<FrameResult>();
        long bytes = 0;
        long smallest = startFrame;
        while (at < _end)
        {
            if (frames.Count > 0 && bytes >= pageBytes)
            {
                // The next frame cannot fit and may be large: its first bytes tell its index.
                var next = IndexOf((await _lines.PeekAsync(at, IndexBytes, cancellationToken)).Span, at);
                return new ResultsPage(frames, next >= smallest ? next : throw OutOfOrder(next, at));
            }

            var (frame, end) = await ReadFrameAsync(at, cancellationToken);
            if (frame.FrameIndex < smallest)
            {
                throw OutOfOrder(frame.FrameIndex, at);
            }

            bytes += ResultsFormat.SizeOf(frame);
            if (frames.Count > 0 && bytes > pageBytes)
            {
                return new ResultsPage(frames, frame.FrameIndex);
            }

            frames.Add(frame);
            smallest = frame.FrameIndex + 1L;
            at = end;
        }

        return new ResultsPage(frames, null);
    }

    private async Task<(FrameResult Frame, long Next)> ReadFrameAsync(long at, CancellationToken cancellationToken)
    {
        var next = await _lines.ReadLineAsync(at, _line, ResultsFormat.MaxLineBytes, cancellationToken)
            ?? throw Damaged($"its line at byte {at} does not end");
        var line = CollectionsMarshal.AsSpan(_line);
        var isLast = next == _end;
        if (line.Length == ResultsFormat.MaxLineBytes || line.EndsWith(","u8) == isLast)
        {
            throw Damaged($"its line at byte {at} ends wrongly");
        }

        try
        {
            var json = ResultsFormat.Encoding.GetString(isLast ? line : line[..^1]);
            return (ForegSyteJson.Parser.Parse<FrameResult>(json), next);
        }
        catch (Exception failure) when (
            failure is InvalidProtocolBufferException or InvalidJsonException or ArgumentException)
        {
            throw Damaged($"its line at byte {at} is not a frame", failure);
        }
    }

    private static int IndexOf(ReadOnlySpan<byte> lineStart, long line) => ResultsFormat.FrameIndexOf(lineStart)
        ?? throw Damaged($"its line at byte {line} does not start with a frame_index");

    private static ServiceException OutOfOrder(int frameIndex, long at) =>
        Damaged($"frame {frameIndex} at byte {at} is out of order");
}

/// <summary>
/// Reads lines at any offset of a stream, in small blocks, since a search reads only a few lines; a known range can be
/// loaded at once.
/// </summary>
/// <param name="stream">The stream.</param>
/// <param name="length">Its length.</param>
/// <param name="end">End of the last line.</param>
internal sealed class LineScanner(Stream stream, long length, long end) : IDisposable
{
    /// <summary>Size of a block.</summary>
    public const int BlockBytes = 4_096;

    /// <summary>Maximum size of a block that follows another one.</summary>
    private const int MaxBlockBytes = 64 * 1024;

    /// <summary>Maximum size of a range that is loaded at once; the rest follows in blocks.</summary>
    private const int MaxLoadBytes = 32 * 1024 * 1024;

    private byte[] _block = ArrayPool<byte>.Shared.Rent(MaxBlockBytes);
    private long _blockStart;
    private int _blockLength;
    private int _nextBytes = BlockBytes;

    /// <summary>Loads a range with one read, as far as the stream returns it at once.</summary>
    public async Task LoadAsync(long offset, long count, CancellationToken cancellationToken)
    {
        var bytes = (int)Math.Min(count, MaxLoadBytes);
        if (_block.Length < bytes)
        {
            ArrayPool<byte>.Shared.Return(_block);
            _block = ArrayPool<byte>.Shared.Rent(bytes);
        }

        await FillAsync(offset, bytes, bytes, cancellationToken);
    }

    /// <summary>The bytes at an offset; fewer at the end of the stream.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> PeekAsync(
        long offset, int count, CancellationToken cancellationToken)
    {
        var wanted = (int)Math.Min(count, length - offset);
        if (offset < _blockStart || offset + wanted > _blockStart + _blockLength)
        {
            await FillAsync(offset, (int)Math.Min(BlockBytes, length - offset), wanted, cancellationToken);
        }

        var start = (int)(offset - _blockStart);
        return _block.AsMemory(start, Math.Min(wanted, _blockLength - start));
    }

    /// <summary>
    /// Reads a line without its line feed and returns the offset of the next line; null if the line does not end before
    /// the end of the range.
    /// </summary>
    /// <param name="start">Offset of the line.</param>
    /// <param name="line">Receives the bytes; cleared first.</param>
    /// <param name="maxBytes">Maximum number of bytes to keep; the rest of the line is skipped.</param>
    /// <param name="cancellationToken">Cancels the reads.</param>
    public async ValueTask<long?> ReadLineAsync(
        long start, List<byte> line, int maxBytes, CancellationToken cancellationToken)
    {
        line.Clear();
        for (var at = start; at < end;)
        {
            if (at < _blockStart || at >= _blockStart + _blockLength)
            {
                // Blocks that follow one another grow, for they are read to their end.
                _nextBytes = at == _blockStart + _blockLength ? Math.Min(_nextBytes * 2, MaxBlockBytes) : BlockBytes;
                await FillAsync(at, (int)Math.Min(_nextBytes, end - at), 1, cancellationToken);
            }

            var (isEnd, bytes) = Take(at, line, maxBytes);
            at += bytes;
            if (isEnd)
            {
                return at + 1;
            }
        }

        return null;
    }

    /// <summary>The offset after the next line feed; null if there is none in the range.</summary>
    public ValueTask<long?> NextLineAsync(long offset, CancellationToken cancellationToken) =>
        ReadLineAsync(offset, [], maxBytes: 0, cancellationToken);

    /// <inheritdoc />
    public void Dispose() => ArrayPool<byte>.Shared.Return(Interlocked.Exchange(ref _block, []));

    /// <summary>Takes the rest of a line from the block.</summary>
    private (bool IsEnd, int Bytes) Take(long at, List<byte> line, int maxBytes)
    {
        var stop = Math.Min(end, _blockStart + _blockLength);
        var rest = _block.AsSpan((int)(at - _blockStart), (int)(stop - at));
        var feed = rest.IndexOf((byte)'\n');
        var part = feed < 0 ? rest : rest[..feed];
        line.AddRange(part[..Math.Min(part.Length, maxBytes - line.Count)]);
        return (feed >= 0, part.Length);
    }

    private async ValueTask FillAsync(long offset, int count, int minBytes, CancellationToken cancellationToken)
    {
        stream.Position = offset;
        (_blockStart, _blockLength) = (offset, 0);
        _blockLength = await stream.ReadAtLeastAsync(
            _block.AsMemory(0, count), minBytes, throwOnEndOfStream: false, cancellationToken);
        if (_blockLength < minBytes)
        {
            throw ResultsDocumentReader.Damaged($"it ends at byte {offset + _blockLength}");
        }
    }
}
