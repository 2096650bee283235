using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// Keeps tracks in a temporary file, in the order of their ends, and reads them in the order of their ids. Memory: 16
/// bytes for each track. One caller at a time.
/// </summary>
/// <param name="artifact">The file, which is never committed.</param>
internal sealed class TrackSpool(IStagedArtifact artifact) : IAsyncDisposable
{
    private readonly List<Entry>[] _sections = [.. TracksFormat.Sections.Select(_ => new List<Entry>())];
    private long _length;

    /// <summary>Creates an empty spool.</summary>
    /// <exception cref="Hosting.Errors.ServiceException">STORAGE_FULL.</exception>
    public static async Task<TrackSpool> CreateAsync(IStorage storage, Guid jobId, CancellationToken cancellationToken)
    {
        var key = ArtifactKeys.Tracks(ArtifactKeys.Results(jobId));
        return new TrackSpool(await storage.StageAsync(key, cancellationToken));
    }

    /// <summary>Number of tracks of a section.</summary>
    public int CountOf(TrackSection section) => _sections[(int)section].Count;

    /// <summary>Whether the spool has a track.</summary>
    public bool Has(TrackSection section, int id) => Find(section, id) >= 0;

    /// <summary>Adds a track.</summary>
    /// <exception cref="Hosting.Errors.ServiceException">STORAGE_FULL.</exception>
    public async Task AddAsync(TrackSection section, IMessage track, CancellationToken cancellationToken)
    {
        var id = TracksFormat.IdOf(track);
        var bytes = track.ToByteArray();
        artifact.Stream.Position = _length;
        await artifact.Stream.WriteAsync(bytes, cancellationToken);
        var at = Find(section, id);
        if (at >= 0)
        {
            throw new ArgumentException($"Track {id} of {section} was added before.", nameof(track));
        }

        _sections[(int)section].Insert(~at, new Entry(id, bytes.Length, _length));
        _length += bytes.Length;
    }

    /// <summary>Reads the tracks of a section by their ids.</summary>
    /// <param name="section">A section whose tracks are of this type.</param>
    /// <param name="firstId">Minimum id.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    public async IAsyncEnumerable<T> ReadAsync<T>(
        TrackSection section, int firstId, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : IMessage, new()
    {
        var entries = _sections[(int)section];
        var found = Find(section, firstId);
        for (var number = found < 0 ? ~found : found; number < entries.Count; number++)
        {
            var bytes = new byte[entries[number].Bytes];
            artifact.Stream.Position = entries[number].Offset;
            await artifact.Stream.ReadExactlyAsync(bytes, cancellationToken);
            var track = new T();
            track.MergeFrom(bytes);
            yield return track;
        }
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => artifact.DisposeAsync();

    /// <summary>The position of a track, or the complement of the position where it would be.</summary>
    private int Find(TrackSection section, int id) =>
        _sections[(int)section].BinarySearch(new Entry(id, 0, 0), EntryOrder);

    private static readonly IComparer<Entry> EntryOrder =
        Comparer<Entry>.Create((left, right) => left.Id.CompareTo(right.Id));

    private readonly record struct Entry(int Id, int Bytes, long Offset);
}

/// <summary>
/// Keeps what tracking adds to each frame in a temporary file, from the first frame to the last. Frames are FrameResult
/// messages with nothing but their index, the track ids and the interpolated boxes. One caller at a time.
/// </summary>
/// <param name="artifact">The file, which is never committed.</param>
internal sealed class FrameSpool(IStagedArtifact artifact) : IAsyncDisposable
{
    private const int BufferBytes = 64 * 1024;
    private const int LengthBytes = sizeof(int);

    private readonly ArrayBufferWriter<byte> _buffer = new(BufferBytes);

    /// <summary>Creates an empty spool.</summary>
    /// <exception cref="Hosting.Errors.ServiceException">STORAGE_FULL.</exception>
    public static async Task<FrameSpool> CreateAsync(IStorage storage, Guid jobId, CancellationToken cancellationToken)
    {
        var key = ArtifactKeys.Tracks(ArtifactKeys.Results(jobId));
        return new FrameSpool(await storage.StageAsync(key, cancellationToken));
    }

    /// <summary>Adds a frame.</summary>
    /// <exception cref="Hosting.Errors.ServiceException">STORAGE_FULL.</exception>
    public async Task AddAsync(FrameResult frame, CancellationToken cancellationToken)
    {
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.GetSpan(LengthBytes), frame.CalculateSize());
        _buffer.Advance(LengthBytes);
        frame.WriteTo(_buffer);
        if (_buffer.WrittenCount >= BufferBytes)
        {
            await FlushAsync(cancellationToken);
        }
    }

    /// <summary>Reads all frames; nothing can be added afterwards.</summary>
    public async IAsyncEnumerable<FrameResult> ReadAllAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await FlushAsync(cancellationToken);
        artifact.Stream.Position = 0;
        await using var buffered = new BufferedStream(artifact.Stream, BufferBytes);
        var length = new byte[LengthBytes];
        while (await buffered.ReadAtLeastAsync(
            length, LengthBytes, throwOnEndOfStream: false, cancellationToken) == LengthBytes)
        {
            var bytes = new byte[BinaryPrimitives.ReadInt32LittleEndian(length)];
            await buffered.ReadExactlyAsync(bytes, cancellationToken);
            yield return FrameResult.Parser.ParseFrom(bytes);
        }
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => artifact.DisposeAsync();

    private async Task FlushAsync(CancellationToken cancellationToken)
    {
        await artifact.Stream.WriteAsync(_buffer.WrittenMemory, cancellationToken);
        _buffer.ResetWrittenCount();
    }
}
