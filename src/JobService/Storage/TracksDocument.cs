using System.Buffers;
using System.Text;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Storage;

/// <summary>A part of a tracks document, in the order of the document.</summary>
internal enum TrackSection
{
    /// <summary>Objects, by track_id.</summary>
    Objects,

    /// <summary>Texts, by track_id.</summary>
    Texts,

    /// <summary>Shots, by number.</summary>
    Shots,
}

/// <summary>
/// The layout of a tracks document: a TracksDocument as proto3 JSON with one element a line, so that a track is found
/// without reading all earlier ones (ADR 43).
/// <code>
/// {"object_tracks":[
/// { "track_id": 1, … },
/// { "track_id": 3, … }
/// ],"text_tracks":[
/// ],"shots":[
/// { "number": 1, … }
/// ]}
/// </code>
/// </summary>
internal static class TracksFormat
{
    /// <summary>Maximum length of a line: 8 MiB; a track with the longest path has about 1.5 MiB.</summary>
    public const int MaxLineBytes = 8 << 20;

    /// <summary>The sections in their order.</summary>
    public static readonly IReadOnlyList<TrackSection> Sections = Enum.GetValues<TrackSection>();

    /// <summary>The last line.</summary>
    public static ReadOnlySpan<byte> Footer => "]}\n"u8;

    /// <summary>The line before the elements of a section.</summary>
    public static ReadOnlySpan<byte> HeaderOf(TrackSection section) => section switch
    {
        TrackSection.Objects => "{\"object_tracks\":[\n"u8,
        TrackSection.Texts => "],\"text_tracks\":[\n"u8,
        TrackSection.Shots => "],\"shots\":[\n"u8,
        _ => throw new ArgumentOutOfRangeException(nameof(section)),
    };

    /// <summary>What the elements of a section are ordered by.</summary>
    public static int IdOf(IMessage element) => element switch
    {
        ObjectTrack track => track.TrackId,
        TextTrack track => track.TrackId,
        Shot shot => shot.Number,
        _ => throw new ArgumentException($"{element.Descriptor.Name} is no element of a tracks document."),
    };
}

/// <summary>
/// Writes a tracks document element by element, with constant memory. The reader refuses a document that was not
/// completed, since its last line is missing.
/// </summary>
internal sealed class TracksDocumentWriter(Stream stream)
{
    /// <summary>Size of the write buffer.</summary>
    private const int BufferBytes = 64 * 1024;

    private readonly ArrayBufferWriter<byte> _buffer = new(BufferBytes);
    private long _flushedBytes;
    private TrackSection? _section;
    private int _lastId;
    private bool _isFirst;

    /// <summary>The index of the written elements.</summary>
    public TracksIndex Index { get; } = new();

    /// <summary>Adds an element.</summary>
    /// <param name="section">Its section, the same as before or a later one.</param>
    /// <param name="element">An ObjectTrack, TextTrack or Shot.</param>
    /// <param name="cancellationToken">Cancels the write.</param>
    /// <exception cref="ArgumentException">It is not after the previous element.</exception>
    public async Task WriteAsync(TrackSection section, IMessage element, CancellationToken cancellationToken)
    {
        var id = TracksFormat.IdOf(element);
        Enter(section);
        if (_section != section || (!_isFirst && id <= _lastId))
        {
            throw new ArgumentException(
                $"Element {id} of {section} follows {_lastId} of {_section}: elements must be written in order.",
                nameof(element));
        }

        _buffer.Write(_isFirst ? [] : ResultsFormat.Separator);
        Index.Add(section, id, _flushedBytes + _buffer.WrittenCount);
        ResultsFormat.Encoding.GetBytes(ForegSyteJson.Formatter.Format(element), _buffer);
        (_lastId, _isFirst) = (id, false);
        if (_buffer.WrittenCount >= BufferBytes)
        {
            await FlushAsync(cancellationToken);
        }
    }

    /// <summary>Writes the end of the document; the stream stays open.</summary>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        Enter(TracksFormat.Sections[^1]);
        EndSection();
        _buffer.Write(TracksFormat.Footer);
        await FlushAsync(cancellationToken);
    }

    /// <summary>Writes the headers up to a section.</summary>
    private void Enter(TrackSection section)
    {
        foreach (var next in TracksFormat.Sections.Where(other => other <= section && !(other <= _section)))
        {
            EndSection();
            _buffer.Write(TracksFormat.HeaderOf(next));
            (_section, _isFirst) = (next, true);
            Index.Begin(next, _flushedBytes + _buffer.WrittenCount);
        }
    }

    private void EndSection()
    {
        if (_section is { } section)
        {
            _buffer.Write(_isFirst ? [] : "\n"u8);
            Index.End(section, _flushedBytes + _buffer.WrittenCount);
        }
    }

    private async Task FlushAsync(CancellationToken cancellationToken)
    {
        await stream.WriteAsync(_buffer.WrittenMemory, cancellationToken);
        _flushedBytes += _buffer.WrittenCount;
        _buffer.ResetWrittenCount();
    }
}
