using System.Buffers;
using System.Text;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Storage.Results;

/// <summary>
/// Writes a results document frame by frame. Holds one buffer and one frame, however long the video is. A document
/// that was not completed ends without its last line and is refused by the reader.
/// </summary>
internal sealed class ResultsDocumentWriter(Stream stream)
{
    /// <summary>Bytes that are gathered before they are written.</summary>
    private const int BufferBytes = 64 * 1024;

    private readonly ArrayBufferWriter<byte> _buffer = new(BufferBytes);
    private int _lastIndex = -1;
    private bool _begun;
    private bool _completed;

    /// <summary>Frames that were written.</summary>
    public int FrameCount { get; private set; }

    /// <summary>Adds a frame.</summary>
    /// <exception cref="ArgumentException">Its index is not greater than that of the frame before.</exception>
    public async Task WriteAsync(FrameResult frame, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_completed, this);
        if (frame.FrameIndex <= _lastIndex)
        {
            throw new ArgumentException(
                $"Frame {frame.FrameIndex} comes after frame {_lastIndex}: frames are stored once and in order.",
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

    /// <summary>Writes the end of the document. The stream stays open; whoever staged it commits it.</summary>
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
