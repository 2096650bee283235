using System.Runtime.InteropServices;
using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Storage.Results;

/// <summary>
/// Reads pages of a results document. The first frame is found by bisection over the bytes of the file, so the time of
/// a page grows with the page and, by its logarithm only, with the document.
/// </summary>
internal sealed class ResultsDocumentReader
{
    /// <summary>Bytes of a line that surely hold its frame_index.</summary>
    private const int IndexBytes = 64;

    /// <summary>The tag of ResultsDocument.results and of GetJobResultsResponse.results.</summary>
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
            throw Damaged("its first or its last line is not what was written");
        }

        _lines = new LineScanner(stream, _end);
    }

    /// <summary>
    /// Reads the frames from the first one with at least this index on, as many as the budget allows and at least one.
    /// </summary>
    /// <param name="document">Seekable; its position is moved.</param>
    /// <param name="startFrame">Smallest frame_index.</param>
    /// <param name="pageBytes">Most bytes of the frames as a repeated field of a protobuf message.</param>
    /// <exception cref="ServiceException">RESULTS_DAMAGED.</exception>
    public static ResultsPage ReadPage(Stream document, int startFrame, int pageBytes)
    {
        var reader = new ResultsDocumentReader(document);
        return reader.ReadFrom(reader.Find(startFrame), startFrame, pageBytes);
    }

    /// <summary>The failure of a document that cannot be read back.</summary>
    internal static ServiceException Damaged(string how, Exception? cause = null) => new(
        ErrorReason.ResultsDamaged,
        $"The stored results are damaged: {how}. Submit the video again; the operator should "
        + "check the disk of the server.",
        cause);

    /// <summary>
    /// The offset of the first line whose index is at least this, or the end. Lines that begin before low have smaller
    /// indexes; the first line that begins at high or after it is the one found so far.
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

            var next = _lines.ReadLine(line, _line, IndexBytes) ?? throw Damaged($"its line at byte {line} has no end");
            var index = ResultsFormat.FrameIndexOf(CollectionsMarshal.AsSpan(_line))
                ?? throw Damaged($"its line at byte {line} does not begin with a frame_index");
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
            ?? throw Damaged($"its line at byte {at} has no end");
        var line = CollectionsMarshal.AsSpan(_line);
        var isLast = next == _end;
        if (line.Length == ResultsFormat.MaxLineBytes || line.EndsWith(","u8) == isLast)
        {
            throw Damaged($"its line at byte {at} does not end as it should");
        }

        try
        {
            var json = ResultsFormat.Encoding.GetString(isLast ? line : line[..^1]);
            return (ForegSyteJson.Parser.Parse<FrameResult>(json), next);
        }
        catch (Exception failure) when (
            failure is InvalidProtocolBufferException or InvalidJsonException or ArgumentException)
        {
            throw Damaged($"its line at byte {at} is no frame", failure);
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
