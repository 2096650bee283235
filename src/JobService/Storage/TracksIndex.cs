using System.Buffers.Binary;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// Tells where tracks are in a large tracks document, about one of every 64 KiB, so that a page is a few reads of a
/// known range. An artifact beside the document, with a checksum.
/// </summary>
internal sealed class TracksIndex
{
    /// <summary>Maximum size of a document without an index; such a document is read whole.</summary>
    public const int MaxDocumentBytes = 256 * 1024;

    /// <summary>Minimum distance of two entries in the document.</summary>
    private const int EntryDistance = 64 * 1024;

    /// <summary>The document's length precedes the sections.</summary>
    private const int HeaderBytes = sizeof(long);

    private const int SectionBytes = sizeof(long) + sizeof(long) + sizeof(int);

    private const int EntryBytes = sizeof(int) + sizeof(long);

    private readonly SectionRange[] _sections = [.. TracksFormat.Sections.Select(_ => new SectionRange())];

    /// <summary>Records where the elements of a section begin.</summary>
    public void Begin(TrackSection section, long offset) => _sections[(int)section].Start = offset;

    /// <summary>Records where the elements of a section end.</summary>
    public void End(TrackSection section, long offset) => _sections[(int)section].End = offset;

    /// <summary>Adds an element; those of a section are added in their order.</summary>
    /// <param name="section">The section.</param>
    /// <param name="id">The element's track_id or number.</param>
    /// <param name="offset">Offset of its line in the document.</param>
    public void Add(TrackSection section, int id, long offset)
    {
        var entries = _sections[(int)section].Entries;
        if (entries.Count == 0 || offset - entries[^1].Offset >= EntryDistance)
        {
            entries.Add(new Entry(id, offset));
        }
    }

    /// <summary>
    /// The range of the document from which on all elements of a section with at least an id are found, after at most
    /// 64 KiB of others.
    /// </summary>
    public (long Start, long End) RangeOf(TrackSection section, int firstId)
    {
        var range = _sections[(int)section];
        var next = range.Entries.FindIndex(entry => entry.Id > firstId);
        var found = next < 0 ? range.Entries.Count - 1 : next - 1;
        return (found < 0 ? range.Start : range.Entries[found].Offset, range.End);
    }

    /// <summary>Writes the index of a complete document durably; a small document gets none.</summary>
    /// <param name="storage">The storage of the document.</param>
    /// <param name="resultsKey">The key of the job's results.</param>
    /// <param name="documentBytes">The length of the tracks document.</param>
    /// <param name="cancellationToken">Cancels the write and leaves nothing behind.</param>
    /// <exception cref="Hosting.Errors.ServiceException">STORAGE_FULL.</exception>
    public async Task WriteAsync(
        IStorage storage, string resultsKey, long documentBytes, CancellationToken cancellationToken)
    {
        if (documentBytes <= MaxDocumentBytes)
        {
            return;
        }

        var entries = _sections.Sum(section => section.Entries.Count);
        var content = new byte[HeaderBytes + (_sections.Length * SectionBytes) + (entries * EntryBytes)];
        BinaryPrimitives.WriteInt64LittleEndian(content, documentBytes);
        var at = HeaderBytes;
        foreach (var section in _sections)
        {
            BinaryPrimitives.WriteInt64LittleEndian(content.AsSpan(at), section.Start);
            BinaryPrimitives.WriteInt64LittleEndian(content.AsSpan(at + sizeof(long)), section.End);
            BinaryPrimitives.WriteInt32LittleEndian(
                content.AsSpan(at + sizeof(long) + sizeof(long)), section.Entries.Count);
            at += SectionBytes;
        }

        foreach (var entry in _sections.SelectMany(section => section.Entries))
        {
            BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(at), entry.Id);
            BinaryPrimitives.WriteInt64LittleEndian(content.AsSpan(at + sizeof(int)), entry.Offset);
            at += EntryBytes;
        }

        await using var artifact = await storage.StageAsync(ArtifactKeys.TracksIndex(resultsKey), cancellationToken);
        await ChecksummedBlob.WriteAsync(artifact.Stream, content, cancellationToken);
        await artifact.CommitAsync(cancellationToken);
    }

    /// <summary>Reads the index of a large document; null if it has none.</summary>
    /// <exception cref="InvalidDataException">The index is damaged, or belongs to another document.</exception>
    public static async Task<TracksIndex?> ReadAsync(
        IStorage storage, string resultsKey, long documentBytes, CancellationToken cancellationToken)
    {
        var key = ArtifactKeys.TracksIndex(resultsKey);
        try
        {
            await using var stream = await storage.OpenReadAsync(key, cancellationToken);
            return await ChecksummedBlob.ReadAsync(stream, cancellationToken) is { } content
                && Parse(content, documentBytes) is { } index
                    ? index
                    : throw new InvalidDataException($"The index {key} is damaged or does not fit its document.");
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private static TracksIndex? Parse(byte[] content, long documentBytes)
    {
        var index = new TracksIndex();
        var at = HeaderBytes + (index._sections.Length * SectionBytes);
        if (content.Length < at || BinaryPrimitives.ReadInt64LittleEndian(content) != documentBytes)
        {
            return null;
        }

        for (var number = 0; number < index._sections.Length; number++)
        {
            var section = content.AsSpan(HeaderBytes + (number * SectionBytes));
            var range = index._sections[number];
            range.Start = BinaryPrimitives.ReadInt64LittleEndian(section);
            range.End = BinaryPrimitives.ReadInt64LittleEndian(section[sizeof(long)..]);
            var count = BinaryPrimitives.ReadInt32LittleEndian(section[(sizeof(long) + sizeof(long))..]);
            if (range.Start > range.End || range.End > documentBytes
                || count < 0 || count > (content.Length - at) / EntryBytes)
            {
                return null;
            }

            for (var entry = 0; entry < count; entry++)
            {
                range.Entries.Add(new Entry(
                    BinaryPrimitives.ReadInt32LittleEndian(content.AsSpan(at)),
                    BinaryPrimitives.ReadInt64LittleEndian(content.AsSpan(at + sizeof(int)))));
                at += EntryBytes;
            }
        }

        return at == content.Length ? index : null;
    }

    /// <summary>Where the elements of a section are.</summary>
    private sealed class SectionRange
    {
        public long Start { get; set; }

        public long End { get; set; }

        public List<Entry> Entries { get; } = [];
    }

    /// <param name="Id">An element of the section.</param>
    /// <param name="Offset">Offset of its line.</param>
    private readonly record struct Entry(int Id, long Offset);
}
