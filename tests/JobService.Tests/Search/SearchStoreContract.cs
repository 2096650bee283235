using ForegSyte.Jobs.Search;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Search;

/// <summary>The conformance suite for the index of tracks.</summary>
public abstract partial class SearchStoreContract
{
    private protected abstract IJobStore Jobs { get; }

    private protected abstract ISearchStore Store { get; }

    private protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Number of rows in all tables of the index.</summary>
    private protected abstract Task<long> CountRowsAsync();

    [Fact]
    public async Task Queue_JobsInEveryStatus_HasTheCompletedOnesWithTracksOnce()
    {
        var pending = TestJobs.Pending();
        await Jobs.InsertAsync(pending, Cancellation);
        await Jobs.InsertAsync(TestJobs.Full(), Cancellation);
        await Jobs.InsertAsync(Completed(1) with { HasTracks = false }, Cancellation);
        var imported = Completed(1);
        await Jobs.InsertAsync(imported, Cancellation);
        Assert.Equal([imported.JobId], await QueuedAsync());

        await Jobs.UpdateAsync(pending.JobId, Complete, Cancellation);
        await Jobs.UpdateAsync(
            pending.JobId, (job, _) => job with { Tags = new JobTags([new("a", "b")]) }, Cancellation);

        Assert.Equal([imported.JobId, pending.JobId], await QueuedAsync());
        Assert.Equal(2, await Store.CountUnindexedAsync(Cancellation));
    }

    [Fact]
    public async Task Index_QueuedJob_TakesItOffTheQueueOnce()
    {
        var job = await AddAsync(Completed(1), Object(1, "person"), Text(2, "GATE 07"));

        Assert.Empty(await QueuedAsync());
        Assert.Equal(0, await Store.CountUnindexedAsync(Cancellation));
        var rows = await CountRowsAsync();
        Assert.False(await Store.IndexAsync(Rows(job, Object(1, "person")), Cancellation), "It was indexed twice.");
        Assert.Equal(rows, await CountRowsAsync());

        await Jobs.UpdateAsync(
            job.JobId, (stored, _) => stored with { Tags = new JobTags([new("a", "b")]) }, Cancellation);
        Assert.Empty(await QueuedAsync());
    }

    [Fact]
    public async Task Index_JobThatWasIndexedBefore_ReplacesItsTracks()
    {
        var job = await AddAsync(Completed(1), Object(1, "person"), Text(2, "GATE 07"));
        var rows = await CountRowsAsync();
        await Jobs.UpdateAsync(
            job.JobId, (stored, _) => stored with { Status = JobStatus.Running, HasTracks = false }, Cancellation);
        await Jobs.UpdateAsync(job.JobId, Complete, Cancellation);
        Assert.Equal([job.JobId], await QueuedAsync());

        Assert.True(
            await Store.IndexAsync(Rows(job, Object(5, "dog"), Text(6, "EXIT")), Cancellation),
            "The job was not indexed.");

        Assert.Equal(rows, await CountRowsAsync());
        Assert.Equal([5], (await FindAsync(Any)).Select(found => found.Track.TrackId));
    }

    [Fact]
    public async Task Index_JobWithoutTracks_HasNoRows()
    {
        await AddAsync(Completed(1));

        Assert.Empty(await QueuedAsync());
        Assert.Equal(0, await CountRowsAsync());
    }

    [Fact]
    public async Task Delete_IndexedAndQueuedJobs_LeavesNoRows()
    {
        var indexed = await AddAsync(Completed(1), Object(1, "person"), Text(2, "GATE 07"));
        var kept = await AddAsync(Completed(2), Object(1, "person"), Text(2, "GATE 07"));
        var rows = await CountRowsAsync();
        var queued = Completed(3);
        await Jobs.InsertAsync(queued, Cancellation);

        await Jobs.DeleteAsync(indexed.JobId, _ => { }, Cancellation);
        await Jobs.DeleteAsync(queued.JobId, _ => { }, Cancellation);

        Assert.Equal(rows / 2, await CountRowsAsync());
        Assert.Empty(await QueuedAsync());
        Assert.Equal([kept.JobId], (await FindAsync(Any)).Select(found => found.Job.JobId));
        Assert.Equal([kept.JobId], (await FindAsync(Texts("GATE 07"))).Select(found => found.Job.JobId));
        Assert.False(
            await Store.IndexAsync(Rows(queued, Object(1, "person")), Cancellation), "A deleted job was indexed.");
        Assert.Equal(rows / 2, await CountRowsAsync());
    }

    [Fact]
    public async Task Postpone_QueuedJob_IsDueLaterAndCounted()
    {
        var job = Completed(1);
        await Jobs.InsertAsync(job, Cancellation);
        var due = Jobs.Now.AddDays(1);

        await Store.PostponeAsync(job.JobId, due, Cancellation);

        Assert.Empty(await Store.ListUnindexedAsync(due.AddSeconds(-1), 10, Cancellation));
        Assert.Equal(
            new UnindexedJob(job.JobId, 1),
            Assert.Single(await Store.ListUnindexedAsync(due.AddSeconds(1), 10, Cancellation)));
        Assert.Equal(1, await Store.CountUnindexedAsync(Cancellation));
    }

    [Fact]
    public async Task Find_Track_HasItsFieldsAndItsJob()
    {
        var job = Completed(1) with
        {
            DisplayName = "Straße 'north'",
            Tags = new JobTags([new("camera", "n \"1\"")]),
        };
        var track = new ObjectTrack
        {
            TrackId = 7,
            Label = "person",
            ClassId = 3,
            Confidence = 0.7f,
            First = new TrackPoint { FrameIndex = 1, FrameTimestampMs = 40, Box = new BoundingBox { X = 1.5f } },
            FramesSeen = 9,
            Path = { new TrackPoint { FrameIndex = 1 } },
            ZoneVisits = { new ZoneVisit { ZoneId = "door" } },
            LineCrossings = { new LineCrossing { LineId = "gate" } },
        };
        var text = new TextTrack
        {
            TrackId = 8,
            Text = "GATE 07",
            Confidence = 0.9f,
            Best = new TextPoint { FrameIndex = 5, Polygon = { new Point { X = 1, Y = 2 } } },
            Readings = { new TextReading { Text = "GATE O7", FrameCount = 1 } },
            ObjectTrackId = 7,
        };
        await AddAsync(job, track, text);

        var (foundJob, foundTrack) = Assert.Single(await FindAsync(Any));
        var foundText = Assert.Single(await FindAsync(Texts("gate 07"))).Track;

        Assert.Equal(new FoundJob(job.JobId, job.CreatedAt, job.DisplayName, job.Tags), foundJob);
        var expected = track.Clone();
        expected.Path.Clear();
        expected.ZoneVisits.Clear();
        expected.LineCrossings.Clear();
        Assert.Equal(expected, foundTrack);
        var expectedText = text.Clone();
        expectedText.Readings.Clear();
        Assert.Equal(expectedText, foundText);
    }

    [Theory]
    [InlineData("", "", "", 0, "1 2 3 4")]
    [InlineData("person", "", "", 0, "1 2 3")]
    [InlineData("person", "", "", 0.7f, "2 3")]
    [InlineData("", "", "", 0.9f, "3")]
    [InlineData("person", "door", "", 0, "2")]
    [InlineData("", "door", "", 0, "2 4")]
    [InlineData("", "doo", "", 0, "")]
    [InlineData("", "yard", "", 0, "4")]
    [InlineData("", "", "gate", 0, "3")]
    [InlineData("", "door", "gate", 0, "")]
    [InlineData("Person", "", "", 0, "")]
    [InlineData("dog", "", "", 0.51f, "")]
    public async Task FindObjects_Conditions_AllHold(
        string label, string zone, string line, float minConfidence, string ids)
    {
        await AddAsync(
            Completed(1),
            Object(1, "person", 0.5f), Object(2, "person", 0.7f, zones: ["door"]),
            Object(3, "person", 0.9f, lines: ["gate"]), Object(4, "dog", 0.5f, zones: ["door", "yard"]));

        var found = await FindAsync(new ObjectSearch(Everything, label, zone, line, minConfidence));

        Assert.Equal(ids, string.Join(' ', found.Select(match => match.Track.TrackId)));
    }

    [Theory]
    [InlineData("GATE 07", TextMatch.Exact, "1")]
    [InlineData("gate07", TextMatch.Contains, "1 2")]
    [InlineData("g", TextMatch.Contains, "1 2 3 5")]
    [InlineData("ate", TextMatch.Contains, "1 2 3")]
    [InlineData("ga", TextMatch.Contains, "1 2 3 5")]
    [InlineData("GATE O7", TextMatch.Contains, "")]
    [InlineData("GATE O7", TextMatch.Fuzzy, "1 2 3")]
    [InlineData("GATE", TextMatch.Fuzzy, "1 2 3 5")]
    [InlineData("gat", TextMatch.Fuzzy, "1 2 3")]
    [InlineData("EXlT", TextMatch.Fuzzy, "4")]
    [InlineData("EXlT", TextMatch.Exact, "")]
    [InlineData("出口", TextMatch.Contains, "6")]
    [InlineData("x\0y", TextMatch.Contains, "")]
    public async Task FindTexts_Match_FindsTheReadingsOfItsKind(string text, TextMatch match, string ids)
    {
        await AddAsync(
            Completed(1),
            Text(1, "GATE-07"), Text(2, "to Gate 07 >"), Text(3, "GATE 17"), Text(4, "EXIT"), Text(5, "Gale"),
            Text(6, "出口 B"), Text(7, "--"));

        Assert.Equal(
            ids, string.Join(' ', (await FindAsync(Texts(text, match))).Select(found => found.Track.TrackId)));
    }

    [Fact]
    public async Task Find_JobsOfTwoTenants_ReturnsThoseOfTheTenantOrAll()
    {
        var ours = await AddAsync(Completed(1) with { Tenant = "ours" }, Object(1, "person"), Text(2, "GATE"));
        var theirs = await AddAsync(Completed(2) with { Tenant = "theirs" }, Object(1, "person"), Text(2, "GATE"));

        foreach (var match in new[] { TextMatch.Exact, TextMatch.Contains, TextMatch.Fuzzy })
        {
            var scope = Everything with { Tenant = "ours" };
            Assert.Equal(
                [ours.JobId],
                (await FindAsync(Texts("gate", match) with { Scope = scope })).Select(found => found.Job.JobId));
            Assert.Equal(
                [theirs.JobId, ours.JobId],
                (await FindAsync(Texts("gate", match))).Select(found => found.Job.JobId));
        }

        Assert.Equal(
            [ours.JobId],
            (await FindAsync(Any with { Scope = Everything with { Tenant = "ours" } }))
            .Select(found => found.Job.JobId));
    }

    [Fact]
    public async Task Find_TagsChangedAfterTheIndexing_AreThoseOfTheFilterAndTheResult()
    {
        var job = await AddAsync(Completed(1), Object(1, "person"));
        await Jobs.UpdateAsync(
            job.JobId, (stored, _) => stored with { Tags = new JobTags([new("camera", "north")]) }, Cancellation);

        var search = Any with { Scope = Everything with { Filter = JobFilterParser.Parse("tags.camera = north") } };

        Assert.Equal("north", Assert.Single(await FindAsync(search)).Job.Tags.Find("camera"));
    }

    private protected static ObjectSearch Any => new(Everything, "", "", "", 0);

    private protected static SearchScope Everything => new(null, null, null, 100);

    private protected static TextSearch Texts(string text, TextMatch match = TextMatch.Contains) =>
        new(Everything, FoldedText.Of(text), match, 0);

    private protected static JobRecord Completed(int minute) =>
        Complete(TestJobs.Pending(createdAt: TestJobs.Noon.AddMinutes(minute)), TestJobs.Noon.AddMinutes(minute));

    private protected static ObjectTrack Object(
        int id, string label, float confidence = 0.5f, string[]? zones = null, string[]? lines = null) => new()
        {
            TrackId = id,
            Label = label,
            Confidence = confidence,
            ZoneVisits = { (zones ?? []).Select(zone => new ZoneVisit { ZoneId = zone }) },
            LineCrossings = { (lines ?? []).Select(line => new LineCrossing { LineId = line }) },
        };

    private protected static TextTrack Text(int id, string text, float confidence = 0.5f) =>
        new() { TrackId = id, Text = text, Confidence = confidence };

    private protected static IndexedTracks Rows(JobRecord job, params IEnumerable<object> tracks)
    {
        var rows = new IndexedTracks(job, maxTracks: 1_000);
        foreach (var track in tracks)
        {
            if (track is ObjectTrack found)
            {
                rows.Add(found);
            }
            else
            {
                rows.Add((TextTrack)track);
            }
        }

        return rows;
    }

    /// <summary>Stores a completed job and indexes its tracks.</summary>
    private protected async Task<JobRecord> AddAsync(JobRecord job, params IEnumerable<object> tracks)
    {
        await Jobs.InsertAsync(job, Cancellation);
        Assert.True(await Store.IndexAsync(Rows(job, tracks), Cancellation), "The job was not queued.");
        return job;
    }

    private protected async Task<IReadOnlyList<Guid>> QueuedAsync() =>
        [.. (await Store.ListUnindexedAsync(Jobs.Now.AddDays(365), 100, Cancellation)).Select(job => job.JobId)];

    private Task<IReadOnlyList<FoundTrack<ObjectTrack>>> FindAsync(ObjectSearch search) =>
        Store.FindObjectsAsync(search, Cancellation);

    private Task<IReadOnlyList<FoundTrack<TextTrack>>> FindAsync(TextSearch search) =>
        Store.FindTextsAsync(search, Cancellation);

    private static JobRecord Complete(JobRecord job, DateTimeOffset now) => job with
    {
        Status = JobStatus.Completed,
        HasTracks = true,
        Lease = null,
        OutputPath = $"{job.JobId}_results.json",
        EndedAt = now,
        UpdatedAt = now,
    };
}
