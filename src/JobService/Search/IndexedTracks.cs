using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Search;

/// <summary>The rows of a job in the index.</summary>
internal sealed class IndexedTracks
{
    /// <summary>
    /// Number of tracks of a chunk. A page of results reads the chunks of its tracks by key, and in both databases a
    /// row of 2 to 3 KB costs little more than one of 200 bytes.
    /// </summary>
    public const int TracksPerChunk = 16;

    /// <summary>Number of the first chunk with texts; those with objects are smaller.</summary>
    public const int FirstTextChunk = 1 << 15;

    /// <summary>Number of bits of a chunk's number in its id, below the number of the job.</summary>
    public const int ChunkBits = 16;

    private readonly Dictionary<(TermKind Kind, string Value), double> _terms = [];
    private readonly List<TracksDocument> _objectChunks = [];
    private readonly List<TracksDocument> _textChunks = [];
    private readonly int _maxTracks;

    /// <param name="job">The job.</param>
    /// <param name="maxTracks"><see cref="SearchOptions.MaxTracksOfJob"/>.</param>
    public IndexedTracks(JobRecord job, int maxTracks)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxTracks, SearchOptions.MaxMaxTracksOfJob);
        (JobId, Tenant, CreatedAt, _maxTracks) = (job.JobId, job.Tenant, job.CreatedAt, maxTracks);
    }

    public Guid JobId { get; }

    public string Tenant { get; }

    public DateTimeOffset CreatedAt { get; }

    public List<ObjectRow> Objects { get; } = [];

    public List<TextRow> Texts { get; } = [];

    /// <summary>Number of tracks above the limit, which are left out.</summary>
    public int Omitted { get; private set; }

    /// <summary>What the job has, with the greatest confidence of its tracks; searches list jobs by it.</summary>
    public IEnumerable<TermRow> Terms => _terms.Select(term => new TermRow(term.Key.Kind, term.Key.Value, term.Value));

    /// <summary>The tracks as responses have them.</summary>
    public IEnumerable<ChunkRow> Chunks =>
    [
        .. _objectChunks.Select((chunk, i) => new ChunkRow(i, chunk.ToByteArray())),
        .. _textChunks.Select((chunk, i) => new ChunkRow(FirstTextChunk + i, chunk.ToByteArray())),
    ];

    /// <summary>Adds an object; call it in the order of the ids.</summary>
    public void Add(ObjectTrack track)
    {
        if (Objects.Count >= _maxTracks)
        {
            Omitted++;
            return;
        }

        var chunk = Objects.Count / TracksPerChunk;
        var zones = track.ZoneVisits.Select(visit => visit.ZoneId).Distinct(StringComparer.Ordinal).ToList();
        var lines = track.LineCrossings.Select(crossing => crossing.LineId).Distinct(StringComparer.Ordinal).ToList();
        Objects.Add(
            new ObjectRow(track.TrackId, chunk, track.Label, track.Confidence, IdList(zones), IdList(lines)));
        AddTerm(TermKind.Object, "", track.Confidence);
        AddTerm(TermKind.Label, track.Label, track.Confidence);
        zones.ForEach(zone => AddTerm(TermKind.Zone, zone, track.Confidence));
        lines.ForEach(line => AddTerm(TermKind.Line, line, track.Confidence));

        var kept = track.Clone();
        kept.Path.Clear();
        kept.ZoneVisits.Clear();
        kept.LineCrossings.Clear();
        ChunkOf(_objectChunks, chunk).ObjectTracks.Add(kept);
    }

    /// <summary>
    /// Adds a text; call it in the order of the ids. A text that is empty when folded is left out.
    /// </summary>
    public void Add(TextTrack track)
    {
        var folded = FoldedText.Of(track.Text);
        if (folded.Length == 0)
        {
            return;
        }

        if (Texts.Count >= _maxTracks)
        {
            Omitted++;
            return;
        }

        var chunk = Texts.Count / TracksPerChunk;
        Texts.Add(new TextRow(
            track.TrackId, FirstTextChunk + chunk, track.Confidence, folded, FoldedText.Bigrams(folded)));
        AddTerm(TermKind.Text, "", track.Confidence);

        var kept = track.Clone();
        kept.Readings.Clear();
        ChunkOf(_textChunks, chunk).TextTracks.Add(kept);
    }

    /// <summary>A list of ids in which <see cref="IdInList"/> finds one.</summary>
    public static string IdList(IReadOnlyCollection<string> ids) =>
        ids.Count == 0 ? "" : $" {string.Join(' ', ids)} ";

    /// <summary>The part of a list that contains an id; ids have no spaces.</summary>
    public static string IdInList(string id) => $" {id} ";

    private void AddTerm(TermKind kind, string value, double confidence) =>
        _terms[(kind, value)] = Math.Max(confidence, _terms.GetValueOrDefault((kind, value), confidence));

    private static TracksDocument ChunkOf(List<TracksDocument> chunks, int number)
    {
        if (number == chunks.Count)
        {
            chunks.Add(new TracksDocument());
        }

        return chunks[number];
    }
}

/// <summary>What a job has; the values are those of the column search_terms.kind.</summary>
internal enum TermKind
{
    /// <summary>Any object.</summary>
    Object = 1,

    /// <summary>An object with a label.</summary>
    Label = 2,

    /// <summary>An object in a zone.</summary>
    Zone = 3,

    /// <summary>An object that crossed a line.</summary>
    Line = 4,

    /// <summary>Any text.</summary>
    Text = 5,
}

/// <summary>A row of search_objects.</summary>
internal readonly record struct ObjectRow(
    int TrackId, int Chunk, string Label, double Confidence, string Zones, string Lines);

/// <summary>A row of search_texts.</summary>
internal readonly record struct TextRow(int TrackId, int Chunk, double Confidence, string Folded, List<int> Bigrams);

/// <summary>A row of search_terms.</summary>
internal readonly record struct TermRow(TermKind Kind, string Value, double MaxConfidence);

/// <summary>A row of search_chunks: a foregsyte.v1.TracksDocument in binary form.</summary>
internal readonly record struct ChunkRow(int Chunk, byte[] Content);
