using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// The layout of a results document: a ResultsDocument as proto3 JSON with one frame a line, so that a frame is found
/// without reading all earlier ones (ADR 5).
/// <code>
/// {"results":[
/// { "frame_index": 0, … },
/// { "frame_index": 5, … }
/// ]}
/// </code>
/// </summary>
internal static class ResultsFormat
{
    /// <summary>Maximum length of a line; frames arrive in gRPC messages, which are smaller.</summary>
    public const int MaxLineBytes = 64 * 1024 * 1024;

    /// <summary>The first line.</summary>
    public static ReadOnlySpan<byte> Header => "{\"results\":[\n"u8;

    /// <summary>The last line.</summary>
    public static ReadOnlySpan<byte> Footer => "]}\n"u8;

    /// <summary>The separator of two frames.</summary>
    public static ReadOnlySpan<byte> Separator => ",\n"u8;

    /// <summary>UTF-8 without a byte order mark; invalid bytes are an error.</summary>
    public static readonly Encoding Encoding =
        new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// The frame_index of a line, given its first bytes; null if the line does not start with it. The formatter writes
    /// fields in the order of their numbers, and frame_index is number 1.
    /// </summary>
    public static int? FrameIndexOf(ReadOnlySpan<byte> lineStart)
    {
        var json = new Utf8JsonReader(lineStart, isFinalBlock: false, state: default);
        try
        {
            return json.Read() && json.TokenType == JsonTokenType.StartObject
                && json.Read() && json.TokenType == JsonTokenType.PropertyName && json.ValueTextEquals("frame_index"u8)
                && json.Read() && json.TokenType == JsonTokenType.Number && json.TryGetInt32(out var index)
                ? index
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>
/// Writes a results document frame by frame, with constant memory. The reader refuses a document that was not
/// completed, since its last line is missing.
/// </summary>
internal sealed class ResultsDocumentWriter(Stream stream)
{
    /// <summary>Size of the write buffer.</summary>
    private const int BufferBytes = 64 * 1024;

    private readonly ArrayBufferWriter<byte> _buffer = new(BufferBytes);
    private int _lastIndex = -1;
    private bool _begun;
    private bool _completed;

    /// <summary>Number of written frames.</summary>
    public int FrameCount { get; private set; }

    /// <summary>Adds a frame.</summary>
    /// <exception cref="ArgumentException">Its index is not greater than the previous frame's.</exception>
    public async Task WriteAsync(FrameResult frame, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_completed, this);
        if (frame.FrameIndex <= _lastIndex)
        {
            throw new ArgumentException(
                $"Frame {frame.FrameIndex} follows frame {_lastIndex}: frames must be written once and in order.",
                nameof(frame));
        }

        var line = ForegSyteJson.Formatter.Format(frame);
        Begin();
        _buffer.Write(FrameCount == 0 ? [] : ResultsFormat.Separator);
        ResultsFormat.Encoding.GetBytes(line, _buffer);
        _lastIndex = frame.FrameIndex;
        FrameCount++;
        if (_buffer.WrittenCount >= BufferBytes)
        {
            await FlushAsync(cancellationToken);
        }
    }

    /// <summary>Writes the end of the document; the stream stays open.</summary>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_completed, this);
        _completed = true;
        Begin();
        _buffer.Write(FrameCount == 0 ? [] : "\n"u8);
        _buffer.Write(ResultsFormat.Footer);
        await FlushAsync(cancellationToken);
    }

    private void Begin()
    {
        if (!_begun)
        {
            _buffer.Write(ResultsFormat.Header);
            _begun = true;
        }
    }

    private async Task FlushAsync(CancellationToken cancellationToken)
    {
        await stream.WriteAsync(_buffer.WrittenMemory, cancellationToken);
        _buffer.ResetWrittenCount();
    }
}

/// <summary>Frames of a results document.</summary>
/// <param name="Frames">In ascending order of frame_index.</param>
/// <param name="NextFrame">Index of the next frame; null if these are the last.</param>
internal sealed record ResultsPage(IReadOnlyList<FrameResult> Frames, int? NextFrame);

/// <summary>
/// Reads pages of a results document. A binary search over the bytes finds the first frame, so a page takes time
/// proportional to its own size and to the logarithm of the document's.
/// </summary>
internal sealed class ResultsDocumentReader
{
    /// <summary>Number of bytes at the start of a line that always contain its frame_index.</summary>
    private const int IndexBytes = 64;

    /// <summary>Size of the tag of ResultsDocument.results and GetJobResultsResponse.results.</summary>
    private const int TagBytes = 1;

    private readonly long _start;
    private readonly long _end;
    private readonly LineScanner _lines;
    private readonly List<byte> _line = [];

    private ResultsDocumentReader(Stream stream)
    {
        _start = ResultsFormat.Header.Length;
        _end = stream.Length - ResultsFormat.Footer.Length;
        if (_end < _start || !HasAt(stream, 0, ResultsFormat.Header) || !HasAt(stream, _end, ResultsFormat.Footer))
        {
            throw Damaged("its first or its last line is wrong");
        }

        _lines = new LineScanner(stream, _end);
    }

    /// <summary>
    /// Reads frames from <paramref name="startFrame"/> on: as many as fit into the budget, and at least one.
    /// </summary>
    /// <param name="document">A seekable stream.</param>
    /// <param name="startFrame">Minimum frame_index.</param>
    /// <param name="pageBytes">Maximum size of the frames as a repeated field of a protobuf message.</param>
    /// <exception cref="ServiceException">RESULTS_DAMAGED.</exception>
    public static ResultsPage ReadPage(Stream document, int startFrame, int pageBytes)
    {
        var reader = new ResultsDocumentReader(document);
        return reader.ReadFrom(reader.Find(startFrame), startFrame, pageBytes);
    }

    /// <summary>The error for a damaged document.</summary>
    internal static ServiceException Damaged(string how, Exception? cause = null) => new(
        ErrorReason.ResultsDamaged,
        $"The stored results are damaged: {how}. Submit the video again; the operator should check the disk of the "
        + "server.",
        cause);

    /// <summary>
    /// The offset of the first line whose index is at least <paramref name="startFrame"/>, or the end. Invariant: lines
    /// that start before low have smaller indexes, and the first line at or after high is the best one found so far.
    /// </summary>
    private long Find(int startFrame)
    {
        var found = _end;
        var (low, high) = (_start, _end);
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            var line = middle == low ? low : _lines.NextLine(middle - 1) ?? _end;
            if (line >= high)
            {
                high = middle;
                continue;
            }

            var next = _lines.ReadLine(line, _line, IndexBytes)
                ?? throw Damaged($"its line at byte {line} does not end");
            var index = ResultsFormat.FrameIndexOf(CollectionsMarshal.AsSpan(_line))
                ?? throw Damaged($"its line at byte {line} does not start with a frame_index");
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

    private ResultsPage ReadFrom(long at, int startFrame, int pageBytes)
    {
        var frames = new List<FrameResult>();
        long bytes = 0;
        long smallest = startFrame;
        while (at < _end)
        {
            var (frame, next) = ReadFrame(at);
            if (frame.FrameIndex < smallest)
            {
                throw Damaged($"frame {frame.FrameIndex} at byte {at} is out of order");
            }

            bytes += TagBytes + CodedOutputStream.ComputeMessageSize(frame);
            if (frames.Count > 0 && bytes > pageBytes)
            {
                return new ResultsPage(frames, frame.FrameIndex);
            }

            frames.Add(frame);
            smallest = frame.FrameIndex + 1L;
            at = next;
        }

        return new ResultsPage(frames, null);
    }

    private (FrameResult Frame, long Next) ReadFrame(long at)
    {
        var next = _lines.ReadLine(at, _line, ResultsFormat.MaxLineBytes)
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

    private static bool HasAt(Stream stream, long offset, ReadOnlySpan<byte> expected)
    {
        Span<byte> found = stackalloc byte[expected.Length];
        stream.Position = offset;
        return stream.ReadAtLeast(found, found.Length, throwOnEndOfStream: false) == found.Length
            && found.SequenceEqual(expected);
    }
}

/// <summary>
/// Reads lines at any offset of a stream, in small blocks, since a search reads only a few lines.
/// </summary>
internal sealed class LineScanner(Stream stream, long end)
{
    /// <summary>Size of a block.</summary>
    public const int BlockBytes = 4_096;

    private readonly byte[] _block = new byte[BlockBytes];
    private long _blockStart;
    private int _blockLength;

    /// <summary>
    /// Reads a line without its line feed and returns the offset of the next line; null if the line does not end before
    /// the end of the range.
    /// </summary>
    /// <param name="start">Offset of the line.</param>
    /// <param name="line">Receives the bytes; cleared first.</param>
    /// <param name="maxBytes">Maximum number of bytes to keep; the rest of the line is skipped.</param>
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

    /// <summary>The offset after the next line feed; null if there is none in the range.</summary>
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
