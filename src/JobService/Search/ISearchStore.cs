using ForegSyte.V1;

namespace ForegSyte.Jobs.Search;

/// <summary>
/// The tracks of completed jobs in the database. The commit that completes a job with tracks also queues it for the
/// index, and the one that deletes it removes it from both, so no crash loses a job or leaves its tracks behind.
/// </summary>
internal interface ISearchStore
{
    /// <summary>Jobs that wait for the index and are due, those that wait longest first.</summary>
    Task<IReadOnlyList<UnindexedJob>> ListUnindexedAsync(
        DateTimeOffset now, int limit, CancellationToken cancellationToken);

    /// <summary>Number of completed jobs with tracks that are not indexed.</summary>
    Task<long> CountUnindexedAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Stores the tracks of a job in place of earlier ones and takes it off the queue, in one atomic step; false, and
    /// nothing changes, if the job is not in the queue, because it is deleted or another node was faster.
    /// </summary>
    Task<bool> IndexAsync(IndexedTracks tracks, CancellationToken cancellationToken);

    /// <summary>Counts a failure of the index and sets when the next try is due.</summary>
    Task PostponeAsync(Guid jobId, DateTimeOffset dueAt, CancellationToken cancellationToken);

    /// <summary>Finds object tracks, those of the newest jobs first, in a job by track_id.</summary>
    Task<IReadOnlyList<FoundTrack<ObjectTrack>>> FindObjectsAsync(
        ObjectSearch search, CancellationToken cancellationToken);

    /// <summary>Finds text tracks in the same order.</summary>
    Task<IReadOnlyList<FoundTrack<TextTrack>>> FindTextsAsync(TextSearch search, CancellationToken cancellationToken);
}

/// <summary>A completed job that is not indexed.</summary>
/// <param name="JobId">Its id.</param>
/// <param name="Failures">How often the index failed.</param>
internal sealed record UnindexedJob(Guid JobId, int Failures);

/// <summary>The jobs of a search, and its page.</summary>
/// <param name="Tenant">Owner of the jobs; null for every tenant.</param>
/// <param name="Filter">Condition over the jobs; null for all jobs.</param>
/// <param name="After">The last track of the previous page; null for the first page.</param>
/// <param name="Limit">Maximum number of tracks.</param>
internal sealed record SearchScope(string? Tenant, JobFilter? Filter, TrackPosition? After, int Limit);

/// <summary>A position in the found tracks.</summary>
/// <param name="Job">The job.</param>
/// <param name="TrackId">The track in it.</param>
internal sealed record TrackPosition(JobPosition Job, int TrackId);

/// <summary>Conditions of SearchTracks; an empty text means any.</summary>
/// <param name="Scope">The jobs and the page.</param>
/// <param name="Label">Class name.</param>
/// <param name="ZoneId">A zone that the object was in.</param>
/// <param name="LineId">A line that the object crossed.</param>
/// <param name="MinConfidence">Minimum confidence.</param>
internal sealed record ObjectSearch(
    SearchScope Scope, string Label, string ZoneId, string LineId, double MinConfidence);

/// <summary>Conditions of SearchTexts.</summary>
/// <param name="Scope">The jobs and the page.</param>
/// <param name="Folded">The text as <see cref="FoldedText"/>, not empty.</param>
/// <param name="Match">How much a reading can differ from it; not UNSPECIFIED.</param>
/// <param name="MinConfidence">Minimum confidence.</param>
internal sealed record TextSearch(SearchScope Scope, string Folded, TextMatch Match, double MinConfidence);

/// <summary>A track that was found.</summary>
/// <param name="Job">Its job.</param>
/// <param name="Track">The track, as <see cref="IndexedTracks"/> keeps it.</param>
internal sealed record FoundTrack<TTrack>(FoundJob Job, TTrack Track);

/// <summary>The job of a found track.</summary>
/// <param name="JobId">Its id.</param>
/// <param name="CreatedAt">When it was accepted.</param>
/// <param name="DisplayName">Its name.</param>
/// <param name="Tags">Its tags.</param>
internal sealed record FoundJob(Guid JobId, DateTimeOffset CreatedAt, string DisplayName, JobTags Tags);
