using CsCheck;
using ForegSyte.Jobs.Search;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Search;

/// <summary>Random searches, compared with a simple evaluation.</summary>
public abstract partial class SearchStoreContract
{
    /// <summary>
    /// Random searches over more jobs than the first step looks at, page by page, compared with a simple evaluation.
    /// </summary>
    [Fact]
    public async Task Find_RandomSearches_AreAsByASimpleEvaluation()
    {
        var jobs = await AddManyAsync(600);
        var words = new[] { "gate07", "GATE", "a", "ab", "abcd", "dcbaab", "zzzz", "xgate07y", "abcdabcdabcd" };
        var filters = new[] { "", "", "tags.camera = c3", "NOT tags.camera = c3", "display_name:j1", "tags.x:*" };
        var generator = Gen.Select(
            Gen.Select(Gen.Int[1, 400], Gen.OneOf(filters), Gen.OneOf<string?>(null, "t0", "t9")),
            Gen.Select(Gen.OneOf("", "", "person", "rare"), Gen.OneOf("", "", "door"), Gen.Bool),
            Gen.Select(Gen.OneOf(words), Gen.OneOf(TextMatch.Exact, TextMatch.Contains, TextMatch.Fuzzy)),
            Gen.OneOf(0f, 0f, 0.5f, 0.95f),
            Gen.OneOf(5, 4_000));
        await generator.SampleAsync(
            async random =>
            {
                var ((size, filter, tenant), (label, zone, isTexts), (word, match), min, maxCandidates) = random;
                var parsed = filter.Length == 0 ? null : JobFilterParser.Parse(filter);
                var scope = new SearchScope(tenant, parsed, null, size);
                var visible = jobs.Where(job => (tenant is null || job.Job.Tenant == tenant)
                    && (parsed is null || JobFilterEvaluator.Matches(parsed, job.Job)));
                if (isTexts)
                {
                    var search = new TextSearch(scope, FoldedText.Of(word), match, min);
                    var expected =
                        from job in visible
                        from track in job.Texts
                        where track.Confidence >= min && IsMatch(track.Text, search)
                        select (job.Job.JobId, track.TrackId);
                    var store = new TrackSearch((ISearchDatabase)Store, maxCandidates);
                    Assert.Equal(expected, await AllPagesAsync(size, after => store.FindAsync(
                        search with { Scope = scope with { After = after } }, Cancellation)));
                }
                else
                {
                    var search = new ObjectSearch(scope, label, zone, "", min);
                    var expected =
                        from job in visible
                        from track in job.Objects
                        where track.Confidence >= min && (label.Length == 0 || track.Label == label)
                            && (zone.Length == 0 || track.ZoneVisits.Any(visit => visit.ZoneId == zone))
                        select (job.Job.JobId, track.TrackId);
                    Assert.Equal(expected, await AllPagesAsync(size, after => FindAsync(
                        search with { Scope = scope with { After = after } })));
                }
            },
            iter: 60, threads: 1);
    }

    private static bool IsMatch(string text, TextSearch search)
    {
        var folded = FoldedText.Of(text);
        return search.Match switch
        {
            TextMatch.Exact => folded == search.Folded,
            TextMatch.Fuzzy => new FuzzyPattern(search.Folded).Matches(folded),
            _ => folded.Contains(search.Folded, StringComparison.Ordinal),
        };
    }

    private static async Task<List<(Guid JobId, int TrackId)>> AllPagesAsync<TTrack>(
        int size, Func<TrackPosition?, Task<IReadOnlyList<FoundTrack<TTrack>>>> read)
    {
        var all = new List<(Guid JobId, int TrackId)>();
        TrackPosition? after = null;
        while (await read(after) is { Count: > 0 } page)
        {
            Assert.InRange(page.Count, 1, size);
            all.AddRange(page.Select(found => (found.Job.JobId, IdOf(found.Track))));
            after = new TrackPosition(new JobPosition(page[^1].Job.CreatedAt, all[^1].JobId), all[^1].TrackId);
        }

        return all;
    }

    private static int IdOf(object? track) => track is ObjectTrack found ? found.TrackId : ((TextTrack)track!).TrackId;

    /// <summary>Stores jobs with random tracks; returns them in the order of a search.</summary>
    private async Task<List<(JobRecord Job, List<ObjectTrack> Objects, List<TextTrack> Texts)>> AddManyAsync(int count)
    {
        var random = new Random(7);
        var jobs = new List<(JobRecord Job, List<ObjectTrack> Objects, List<TextTrack> Texts)>();
        for (var i = 0; i < count; i++)
        {
            // Several jobs have the same time.
            var job = Completed(i / 3) with
            {
                Tenant = i % 10 == 9 ? "t9" : "t0",
                DisplayName = $"j{i}",
                Tags = new JobTags([new("camera", $"c{i % 7}")]),
            };
            var objects = Enumerable.Range(1, random.Next(6)).Select(id => Object(
                id * 2, random.Next(200) == 0 ? "rare" : random.Next(3) == 0 ? "dog" : "person",
                random.NextSingle(), random.Next(8) == 0 ? ["door"] : [])).ToList();
            var texts = Enumerable.Range(1, random.Next(20)).Select(id => Text(
                id, random.Next(40) == 0 ? $"Gate {random.Next(10):00}" : Word(random), random.NextSingle())).ToList();
            jobs.Add((job, objects, texts));
        }

        await Task.WhenAll(jobs.Select(job => Jobs.InsertAsync(job.Job, Cancellation)));
        foreach (var (job, objects, texts) in jobs)
        {
            Assert.True(
                await Store.IndexAsync(Rows(job, [.. objects, .. texts]), Cancellation), "The job was not indexed.");
        }

        // Ids compare by their text form, as in both databases.
        return
        [
            .. jobs.OrderByDescending(job => job.Job.CreatedAt)
                .ThenByDescending(job => job.Job.JobId.ToString(), StringComparer.Ordinal),
        ];
    }

    private static string Word(Random random) =>
        string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => (char)('a' + random.Next(4))));
}
