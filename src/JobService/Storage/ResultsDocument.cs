using System.Buffers;
using System.Text;
using System.Text.Json;
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
    /// <summary>Size of the tag of ResultsDocument.results and GetJobResultsResponse.results.</summary>
    private const int TagBytes = 1;

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

    /// <summary>Size of a frame as an element of a repeated field of a protobuf message.</summary>
    public static int SizeOf(FrameResult frame) => TagBytes + CodedOutputStream.ComputeMessageSize(frame);

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
    private long _flushedBytes;
    private int _lastIndex = -1;
    private bool _begun;
    private bool _completed;

    /// <summary>Number of written frames.</summary>
    public int FrameCount { get; private set; }

    /// <summary>The index of the written frames.</summary>
    public ResultsIndex Index { get; } = new();

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
        Index.Add(frame, _flushedBytes + _buffer.WrittenCount);
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
        _flushedBytes += _buffer.WrittenCount;
        _buffer.ResetWrittenCount();
    }
}
