using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// Reads the tracks of a completed job. A small document is read whole. In a large one its <see cref="TracksIndex"/>
/// tells where a track is; without an index the lines are read from the start. One caller at a time.
/// </summary>
internal sealed class TracksDocumentReader : IAsyncDisposable
{
    /// <summary>Number of bytes that are read at once.</summary>
    private const int ReadBytes = 1 << 20;

    /// <summary>Number of loaded bytes after a line below which the next ones are loaded.</summary>
    private const int MarginBytes = 64 * 1024;

    private readonly Stream _document;
    private readonly long _end;
    private readonly LineScanner _lines;
    private readonly List<byte> _line = [];
    private TracksIndex? _index;
    private (long Start, long End) _loaded;

    private TracksDocumentReader(Stream document, TracksIndex? index, bool isIndexDamaged)
    {
        (_document, _index, IsIndexDamaged) = (document, index, isIndexDamaged);
        _end = document.Length;
        _lines = new LineScanner(document, _end, _end);
    }

    /// <summary>Whether the document has an index that cannot be used; the tracks are the same without it.</summary>
    public bool IsIndexDamaged { get; }

    /// <summary>Opens the tracks of a completed job for which <see cref="JobRecord.HasTracks"/> is true.</summary>
    /// <param name="storage">The storage.</param>
    /// <param name="resultsKey">The key of the job's results, <see cref="JobRecord.OutputPath"/>.</param>
    /// <param name="cancellationToken">Cancels the reads.</param>
    /// <exception cref="ServiceException">RESULTS_DAMAGED: the document is missing or damaged.</exception>
    public static async Task<TracksDocumentReader> OpenAsync(
        IStorage storage, string resultsKey, CancellationToken cancellationToken)
    {
        var document = await OpenDocumentAsync(storage, resultsKey, cancellationToken);
        TracksDocumentReader? reader = null;
        try
        {
            var (index, isDamaged) = await ReadIndexAsync(storage, resultsKey, document.Length, cancellationToken);
            reader = new TracksDocumentReader(document, index, isDamaged);
            reader._index ??= await reader.ScanAsync(cancellationToken);
            return reader;
        }
        catch
        {
            await (reader?.DisposeAsync() ?? document.DisposeAsync());
            throw;
        }
    }

    /// <summary>Reads the objects by track_id.</summary>
    /// <param name="firstId">Minimum track_id.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    /// <exception cref="ServiceException">RESULTS_DAMAGED.</exception>
    public IAsyncEnumerable<ObjectTrack> ReadObjectTracksAsync(int firstId, CancellationToken cancellationToken) =>
        ReadAsync<ObjectTrack>(TrackSection.Objects, firstId, cancellationToken);

    /// <summary>Reads the texts by track_id.</summary>
    /// <param name="firstId">Minimum track_id.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    /// <exception cref="ServiceException">RESULTS_DAMAGED.</exception>
    public IAsyncEnumerable<TextTrack> ReadTextTracksAsync(int firstId, CancellationToken cancellationToken) =>
        ReadAsync<TextTrack>(TrackSection.Texts, firstId, cancellationToken);

    /// <summary>Reads the shots by number.</summary>
    /// <param name="firstNumber">Minimum number.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    /// <exception cref="ServiceException">RESULTS_DAMAGED.</exception>
    public IAsyncEnumerable<Shot> ReadShotsAsync(int firstNumber, CancellationToken cancellationToken) =>
        ReadAsync<Shot>(TrackSection.Shots, firstNumber, cancellationToken);

    /// <summary>Reads the elements of a section in their order.</summary>
    /// <param name="section">A section whose elements are of this type.</param>
    /// <param name="firstId">Minimum track_id or number.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    /// <exception cref="ServiceException">RESULTS_DAMAGED.</exception>
    public async IAsyncEnumerable<T> ReadAsync<T>(
        TrackSection section, int firstId, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : IMessage, new()
    {
        var (at, end) = _index!.RangeOf(section, firstId);
        var last = int.MinValue;
        while (at < end)
        {
            var next = await ReadLineAsync(at, cancellationToken);
            var element = Parse<T>(at, isLast: next == end);
            var id = TracksFormat.IdOf(element);
            if (id <= last)
            {
                throw Damaged($"element {id} at byte {at} is out of order");
            }

            if (id >= firstId)
            {
                yield return element;
            }

            (at, last) = (next, id);
        }
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        _lines.Dispose();
        return _document.DisposeAsync();
    }

    private static async Task<Stream> OpenDocumentAsync(
        IStorage storage, string resultsKey, CancellationToken cancellationToken)
    {
        try
        {
            return await storage.OpenReadAsync(ArtifactKeys.Tracks(resultsKey), cancellationToken);
        }
        catch (FileNotFoundException missing)
        {
            throw new ServiceException(
                ErrorReason.ResultsDamaged,
                "The tracks document is missing in the storage. Submit the video again, or ask the operator to "
                + "restore it.",
                missing);
        }
    }

    private static async Task<(TracksIndex? Index, bool IsDamaged)> ReadIndexAsync(
        IStorage storage, string resultsKey, long documentBytes, CancellationToken cancellationToken)
    {
        if (documentBytes <= TracksIndex.MaxDocumentBytes)
        {
            return (null, false);
        }

        try
        {
            var index = await TracksIndex.ReadAsync(storage, resultsKey, documentBytes, cancellationToken);
            return (index, index is null);
        }
        catch (InvalidDataException)
        {
            return (null, true);
        }
    }

    /// <summary>Finds the sections by reading all lines, and checks that the document is complete.</summary>
    private async Task<TracksIndex> ScanAsync(CancellationToken cancellationToken)
    {
        var index = new TracksIndex();
        long at = 0;
        foreach (var section in TracksFormat.Sections)
        {
            at = await ExpectAsync(at, TracksFormat.HeaderOf(section).ToArray(), cancellationToken);
            index.Begin(section, at);
            while (at < _end && (await _lines.PeekAsync(at, 1, cancellationToken)).Span is not [(byte)']'])
            {
                at = await ReadLineAsync(at, cancellationToken);
            }

            index.End(section, at);
        }

        return await ExpectAsync(at, TracksFormat.Footer.ToArray(), cancellationToken) == _end
            ? index
            : throw Damaged("it does not end after its last line");
    }

    private async Task<long> ExpectAsync(long at, byte[] line, CancellationToken cancellationToken) =>
        (await _lines.PeekAsync(at, line.Length, cancellationToken)).Span.SequenceEqual(line)
            ? at + line.Length
            : throw Damaged($"its line at byte {at} is wrong");

    /// <summary>Reads a line and returns the offset of the next one.</summary>
    private async Task<long> ReadLineAsync(long at, CancellationToken cancellationToken)
    {
        if (at < _loaded.Start || (_loaded.End < _end && _loaded.End - at < MarginBytes))
        {
            var count = Math.Min(ReadBytes, _end - at);
            await _lines.LoadAsync(at, count, cancellationToken);
            _loaded = (at, at + count);
        }

        return await _lines.ReadLineAsync(at, _line, TracksFormat.MaxLineBytes, cancellationToken)
            ?? throw Damaged($"its line at byte {at} does not end");
    }

    private T Parse<T>(long at, bool isLast)
        where T : IMessage, new()
    {
        var line = CollectionsMarshal.AsSpan(_line);
        if (line.Length == TracksFormat.MaxLineBytes || line.EndsWith(","u8) == isLast)
        {
            throw Damaged($"its line at byte {at} ends wrongly");
        }

        try
        {
            return ForegSyteJson.Parser.Parse<T>(ResultsFormat.Encoding.GetString(isLast ? line : line[..^1]));
        }
        catch (Exception failure) when (
            failure is InvalidProtocolBufferException or InvalidJsonException or ArgumentException)
        {
            throw Damaged($"its line at byte {at} is not of its section", failure);
        }
    }

    private static ServiceException Damaged(string how, Exception? cause = null) =>
        ResultsDocumentReader.Damaged($"of its tracks, {how}", cause);
}
