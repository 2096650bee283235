using System.Data.Common;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Search;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Storage;

/// <summary>A database with the tables of the index of tracks.</summary>
internal interface ISearchDatabase
{
    /// <summary>Its SQL.</summary>
    ISearchDialect Dialect { get; }

    /// <summary>Runs a query and reads its rows until the reader returns false.</summary>
    Task ReadAsync(
        string sql, IReadOnlyList<(string Name, object? Value)> parameters, Func<DbDataReader, bool> read,
        CancellationToken cancellationToken);
}

/// <summary>
/// Finds tracks, newest jobs first, with an early stop (ADR 46). A search looks first at the newest jobs that can have
/// what it wants: frequent things fill a page from them. Only if they do not, it looks at all jobs, by conditions that
/// few tracks meet then.
/// </summary>
/// <param name="database">The database.</param>
/// <param name="maxCandidates">
/// Maximum number of candidates of a fuzzy search that it reads unsorted. If there are more, it reads them newest
/// first, until a page is full.
/// </param>
internal sealed class TrackSearch(ISearchDatabase database, int maxCandidates = 4_000)
{
    /// <summary>How often a search runs whose jobs are deleted before it has read them.</summary>
    private const int MaxTries = 3;

    /// <summary>When the caller can search again if jobs were deleted during each try.</summary>
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    /// <summary>Number of newest jobs of the first step of a search for texts.</summary>
    private const int FirstTextJobs = 128;

    /// <summary>The same with a filter of jobs, which often leaves so few that the first step looks at all.</summary>
    private const int FirstFilteredTextJobs = 512;

    /// <summary>Minimum number of newest jobs of the first step of a search for objects.</summary>
    private const int FirstObjectJobs = 32;

    private readonly ISearchDialect _dialect = database.Dialect;

    /// <summary>Finds object tracks.</summary>
    public Task<IReadOnlyList<FoundTrack<ObjectTrack>>> FindAsync(
        ObjectSearch search, CancellationToken cancellationToken) =>
        LoadAsync(
            () => HitsAsync(search, cancellationToken), document => document.ObjectTracks, track => track.TrackId,
            cancellationToken);

    /// <summary>Finds text tracks.</summary>
    public Task<IReadOnlyList<FoundTrack<TextTrack>>> FindAsync(
        TextSearch search, CancellationToken cancellationToken) =>
        LoadAsync(
            () => HitsAsync(search, cancellationToken), document => document.TextTracks, track => track.TrackId,
            cancellationToken);

    private async Task<List<Hit>> HitsAsync(ObjectSearch search, CancellationToken cancellationToken)
    {
        var jobs = SearchSql.JobsOf(search, _dialect);
        var tracks = SearchSql.TracksOf(search, _dialect);

        // The first job of a later page can have no more tracks; the others suffice if each has one.
        var newest = await ListJobsAsync(
            search.Scope, jobs, Math.Max(search.Scope.Limit + 1, FirstObjectJobs), cancellationToken);
        var found = await FindInAsync(search.Scope, newest, "search_objects", tracks, null, cancellationToken);
        if (found.Count < search.Scope.Limit && newest.IsFull)
        {
            var rest = search.Scope with { Limit = search.Scope.Limit - found.Count };
            found.AddRange(await FindBehindAsync(
                rest, newest, jobs, "search_objects", tracks, null, cancellationToken));
        }

        return found;
    }

    private async Task<List<Hit>> HitsAsync(TextSearch search, CancellationToken cancellationToken)
    {
        var pattern = new FuzzyPattern(search.Folded);
        var isFuzzy = search.Match == TextMatch.Fuzzy && pattern.Errors > 0;
        var matches = isFuzzy ? pattern.Matches : (Func<string, bool>?)null;
        var jobs = SearchSql.JobsOf(search, _dialect);
        var newest = await ListJobsAsync(
            search.Scope, jobs, search.Scope.Filter is null ? FirstTextJobs : FirstFilteredTextJobs, cancellationToken);
        var found = await FindInAsync(
            search.Scope, newest, "search_texts", SearchSql.TextsOf(search, pattern, _dialect, isIndexed: false),
            matches, cancellationToken);
        if (found.Count < search.Scope.Limit && newest.IsFull)
        {
            var rest = search.Scope with { Limit = search.Scope.Limit - found.Count };
            var texts = SearchSql.TextsOf(search, pattern, _dialect, isIndexed: true);
            var candidates = matches is null ? null : await ListCandidatesAsync(texts, cancellationToken);
            found.AddRange(candidates is null
                ? await FindBehindAsync(rest, newest, jobs, "search_texts", texts, matches, cancellationToken)
                : await FindBehindAsync(
                    rest, newest, jobs, candidates.Where(text => matches!(text.Folded)), cancellationToken));
        }

        return found;
    }

    /// <summary>The newest jobs that meet conditions, from the job of the last page on.</summary>
    private async Task<JobPage> ListJobsAsync(
        SearchScope scope, SqlCondition condition, int limit, CancellationToken cancellationToken)
    {
        var jobs = new List<NumberedJob>(limit);
        var where = condition.And(SearchSql.From(scope.After?.Job, isInclusive: true, _dialect));
        await database.ReadAsync(
            $"SELECT s.number, s.job_id, s.created_at FROM search_jobs s WHERE {where.Text} "
            + $"ORDER BY s.created_at DESC, s.job_id DESC LIMIT {_dialect.Parameter("limit")}",
            [.. where.Parameters, ("limit", limit)],
            row =>
            {
                jobs.Add(new NumberedJob(row.GetInt64(0), new JobPosition(InstantOf(row, 2), row.GetGuid(1))));
                return true;
            },
            cancellationToken);
        return new JobPage(jobs, jobs.Count == limit);
    }

    /// <summary>The first tracks of some jobs, in their order.</summary>
    private async Task<List<Hit>> FindInAsync(
        SearchScope scope, JobPage jobs, string table, SqlCondition condition, Func<string, bool>? matches,
        CancellationToken cancellationToken)
    {
        if (jobs.Jobs.Count == 0)
        {
            return [];
        }

        var where = condition.And(SearchSql.AfterTrack(scope.After, jobs.Jobs[0], _dialect));
        var sql = $"SELECT ranked.rank, t.track_id, t.chunk{(matches is null ? "" : ", t.folded")} "
            + $"FROM {_dialect.OfRankedJobs(table)} "
            + $"WHERE t.number BETWEEN {_dialect.Parameter("low")} AND {_dialect.Parameter("high")} "
            + $"AND {where.Text} ORDER BY ranked.rank, t.track_id";
        var numbers = jobs.Jobs.ConvertAll(job => job.Number);
        List<(string, object?)> parameters =
        [
            .. where.Parameters, ("numbers", numbers), ("ranks", Enumerable.Range(0, numbers.Count).ToList()),
            ("low", numbers.Min()), ("high", numbers.Max()),
        ];
        return await ReadHitsAsync(
            sql, parameters, scope.Limit, matches,
            row => new Hit(jobs.Jobs[row.GetInt32(0)], row.GetInt32(1), row.GetInt32(2)), cancellationToken);
    }

    /// <summary>The first tracks of all jobs after those of a page.</summary>
    private async Task<List<Hit>> FindBehindAsync(
        SearchScope scope, JobPage jobs, SqlCondition condition, string table, SqlCondition tracks,
        Func<string, bool>? matches, CancellationToken cancellationToken)
    {
        var where = condition.And(SearchSql.From(jobs.Jobs[^1].Position, isInclusive: false, _dialect));
        var folded = matches is null ? "" : ", t.folded";
        var (with, source) = _dialect.Tracks(table, $"t.number, t.track_id, t.chunk{folded}", tracks.Text);
        var sql = $"{with}SELECT s.number, s.job_id, s.created_at, t.track_id, t.chunk{folded} FROM {source} "
            + $"JOIN search_jobs s ON s.number = t.number WHERE {where.Text} "
            + "ORDER BY s.created_at DESC, s.job_id DESC, t.track_id";
        return await ReadHitsAsync(
            sql, [.. where.Parameters, .. tracks.Parameters], scope.Limit, matches,
            row => new Hit(
                new NumberedJob(row.GetInt64(0), new JobPosition(InstantOf(row, 2), row.GetGuid(1))),
                row.GetInt32(3), row.GetInt32(4)),
            cancellationToken);
    }

    /// <summary>Reads hits up to a limit; if there is a check, of the text in the last column.</summary>
    private async Task<List<Hit>> ReadHitsAsync(
        string sql, List<(string Name, object? Value)> parameters, int limit, Func<string, bool>? matches,
        Func<DbDataReader, Hit> read, CancellationToken cancellationToken)
    {
        var hits = new List<Hit>();
        if (matches is null)
        {
            sql += $" LIMIT {_dialect.Parameter("limit")}";
            parameters.Add(("limit", limit));
        }

        await database.ReadAsync(
            sql, parameters,
            row =>
            {
                if (matches is null || matches(row.GetString(row.FieldCount - 1)))
                {
                    hits.Add(read(row));
                }

                return hits.Count < limit;
            },
            cancellationToken);
        return hits;
    }

    /// <summary>The texts of all jobs that meet a condition, in any order; null if there are too many.</summary>
    private async Task<List<Candidate>?> ListCandidatesAsync(SqlCondition texts, CancellationToken cancellationToken)
    {
        var found = new List<Candidate>();
        await database.ReadAsync(
            $"SELECT t.number, t.track_id, t.chunk, t.folded FROM search_texts t WHERE {texts.Text} "
            + $"LIMIT {_dialect.Parameter("limit")}",
            [.. texts.Parameters, ("limit", maxCandidates + 1)],
            row =>
            {
                found.Add(new Candidate(row.GetInt64(0), row.GetInt32(1), row.GetInt32(2), row.GetString(3)));
                return true;
            },
            cancellationToken);
        return found.Count <= maxCandidates ? found : null;
    }

    /// <summary>The first of some tracks, in the order of their jobs after those of a page.</summary>
    private async Task<List<Hit>> FindBehindAsync(
        SearchScope scope, JobPage jobs, SqlCondition condition, IEnumerable<Candidate> tracks,
        CancellationToken cancellationToken)
    {
        var ofJobs = tracks.ToLookup(track => track.Number);
        if (ofJobs.Count == 0)
        {
            return [];
        }

        var where = condition.And(SearchSql.From(jobs.Jobs[^1].Position, isInclusive: false, _dialect));
        var hits = new List<Hit>();
        await database.ReadAsync(
            "SELECT s.number, s.job_id, s.created_at FROM search_jobs s "
            + $"WHERE {_dialect.IsAnyOf("s.number", "numbers")} AND {where.Text} "
            + "ORDER BY s.created_at DESC, s.job_id DESC",
            [.. where.Parameters, ("numbers", ofJobs.Select(job => job.Key).ToList())],
            row =>
            {
                var job = new NumberedJob(row.GetInt64(0), new JobPosition(InstantOf(row, 2), row.GetGuid(1)));
                hits.AddRange(ofJobs[job.Number]
                    .OrderBy(track => track.TrackId)
                    .Select(track => new Hit(job, track.TrackId, track.Chunk)));
                return hits.Count < scope.Limit;
            },
            cancellationToken);
        return hits.Count > scope.Limit ? hits[..scope.Limit] : hits;
    }

    /// <summary>
    /// Reads the jobs and tracks of hits; searches again if one of the jobs was deleted meanwhile. Fewer tracks than
    /// found would look like the last page.
    /// </summary>
    /// <exception cref="ServiceException">STORE_UNAVAILABLE: jobs were deleted during each try.</exception>
    private async Task<IReadOnlyList<FoundTrack<TTrack>>> LoadAsync<TTrack>(
        Func<Task<List<Hit>>> search, Func<TracksDocument, IEnumerable<TTrack>> tracksOf, Func<TTrack, int> idOf,
        CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            var hits = await search();
            var found = await LoadAsync(hits, tracksOf, idOf, cancellationToken);
            if (found.Count == hits.Count)
            {
                return found;
            }

            if (tries == MaxTries)
            {
                throw new ServiceException(
                    ErrorReason.StoreUnavailable,
                    $"Found jobs were deleted during each of {MaxTries} tries of the search. Retry after the delay in "
                    + "RetryInfo.")
                {
                    RetryAfter = RetryAfter,
                };
            }
        }
    }

    /// <summary>Reads the jobs and tracks of hits; those of jobs that were deleted meanwhile are missing.</summary>
    private async Task<IReadOnlyList<FoundTrack<TTrack>>> LoadAsync<TTrack>(
        List<Hit> hits, Func<TracksDocument, IEnumerable<TTrack>> tracksOf, Func<TTrack, int> idOf,
        CancellationToken cancellationToken)
    {
        var jobs = new Dictionary<Guid, FoundJob>();
        foreach (var keys in hits.Select(hit => hit.Job.Position.JobId).Distinct().Chunk(JobRows.MaxKeys))
        {
            await database.ReadAsync(
                "SELECT job_id, created_at, display_name, tags_json FROM jobs "
                + $"WHERE {_dialect.IsAnyOf("job_id", "keys")}",
                [("keys", keys.ToList())],
                row =>
                {
                    var tags = JobTags.FromJson(row.IsDBNull(3) ? null : row.GetString(3));
                    var job = new FoundJob(row.GetGuid(0), InstantOf(row, 1), row.GetString(2), tags);
                    return jobs.TryAdd(job.JobId, job);
                },
                cancellationToken);
        }

        var tracks = new Dictionary<(long Number, int TrackId), TTrack>();
        foreach (var keys in hits.Select(hit => hit.ChunkId).Distinct().Chunk(JobRows.MaxKeys))
        {
            await database.ReadAsync(
                $"SELECT chunk_id, content FROM search_chunks WHERE {_dialect.IsAnyOf("chunk_id", "keys")}",
                [("keys", keys.ToList())],
                row =>
                {
                    var number = row.GetInt64(0) >> IndexedTracks.ChunkBits;
                    foreach (var track in tracksOf(TracksDocument.Parser.ParseFrom(_dialect.Bytes(row, 1))))
                    {
                        tracks.Add((number, idOf(track)), track);
                    }

                    return true;
                },
                cancellationToken);
        }

        return
        [
            .. from hit in hits
               where jobs.ContainsKey(hit.Job.Position.JobId) && tracks.ContainsKey((hit.Job.Number, hit.TrackId))
               select new FoundTrack<TTrack>(jobs[hit.Job.Position.JobId], tracks[(hit.Job.Number, hit.TrackId)]),
        ];
    }

    private static DateTimeOffset InstantOf(DbDataReader row, int column) =>
        new(row.GetDateTime(column), TimeSpan.Zero);

    /// <summary>Jobs in the order of a search.</summary>
    /// <param name="Jobs">The jobs.</param>
    /// <param name="IsFull">Whether there can be more.</param>
    private sealed record JobPage(List<NumberedJob> Jobs, bool IsFull);

    /// <summary>A text that can match a fuzzy search.</summary>
    private readonly record struct Candidate(long Number, int TrackId, int Chunk, string Folded);

    /// <summary>A track that meets all conditions.</summary>
    private readonly record struct Hit(NumberedJob Job, int TrackId, int Chunk)
    {
        public long ChunkId => (Job.Number << IndexedTracks.ChunkBits) | (long)Chunk;
    }
}

/// <summary>A job with its number in the index.</summary>
internal sealed record NumberedJob(long Number, JobPosition Position);
