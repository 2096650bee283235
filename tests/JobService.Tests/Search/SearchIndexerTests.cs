using System.Runtime.CompilerServices;
using ForegSyte.Jobs.Metrics;
using ForegSyte.Jobs.Search;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Search;

/// <summary>The indexer over a database, with tracks from memory.</summary>
public sealed class SearchIndexerTests : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new(TestJobs.Noon);
    private readonly RecordedMetrics<JobMetrics> _metrics = new();
    private readonly FakeLogger<SearchIndexer> _log = new();
    private readonly SearchOptions _options = new();
    private readonly ScriptedSource _source = new();
    private readonly Leadership _leadership = new();
    private readonly DatabaseFixture _database;
    private readonly DuckDbSearchStore _store;
    private readonly SearchIndexer _indexer;

    public SearchIndexerTests()
    {
        _database = new DatabaseFixture(_folder.File("jobs.duckdb"), time: _time);
        _store = new DuckDbSearchStore(_database.Writer, _database.Readers, _database.Options, _time);
        _indexer = new SearchIndexer(
            _database.Store, _store, _source, _leadership, _metrics.Metrics, Options.Create(_options), _time, _log);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        _indexer.Dispose();
        _store.Dispose();
        await _database.DisposeAsync();
        _metrics.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task IndexDue_CompletedJobs_FindsTheirTracks()
    {
        var jobs = new List<Guid>();
        for (var i = 0; i < 3; i++)
        {
            jobs.Add(await AddAsync());
        }

        Assert.Equal(3, await _indexer.IndexDueAsync(Cancellation));

        Assert.Equal(0, _indexer.Unindexed);
        Assert.Equal(jobs.ToHashSet(), (await FoundAsync()).ToHashSet());
        Assert.Equal(0, await _indexer.IndexDueAsync(Cancellation));
    }

    [Fact]
    public async Task IndexDue_NotLeader_CountsAndIndexesNothing()
    {
        await AddAsync();
        _leadership.IsLeader = false;

        Assert.Equal(0, await _indexer.IndexDueAsync(Cancellation));

        Assert.Equal(1, _indexer.Unindexed);
    }

    [Fact]
    public async Task IndexDue_UnreadableTracks_TriesAgainLaterAndIndexesTheOthers()
    {
        var broken = await AddAsync();
        var whole = await AddAsync();
        _source.Failing.Add(broken);

        Assert.Equal(1, await _indexer.IndexDueAsync(Cancellation));
        Assert.Equal([whole], await FoundAsync());
        Assert.Equal(1, _indexer.Unindexed);
        Assert.Contains($"Tracks of job {broken} not indexed", _log.LatestRecord.Message, StringComparison.Ordinal);

        _source.Failing.Clear();
        Assert.Equal(0, await _indexer.IndexDueAsync(Cancellation));
        _time.Advance(_options.RetryDelay);
        Assert.Equal(1, await _indexer.IndexDueAsync(Cancellation));
        Assert.Equal(new HashSet<Guid> { broken, whole }, (await FoundAsync()).ToHashSet());
    }

    [Fact]
    public async Task IndexDue_MoreTracksThanTheLimit_LeavesTheLastOutAndSaysSo()
    {
        await AddAsync();
        _options.MaxTracksOfJob = 2;
        _source.Count = 5;

        await _indexer.IndexDueAsync(Cancellation);

        Assert.Equal(2, (await FoundAsync()).Count);
        Assert.Contains(
            "has 3 tracks more than Search:MaxTracksOfJob", _log.LatestRecord.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_JobCompletedLater_IsIndexedAtOnce()
    {
        await _indexer.StartAsync(Cancellation);

        var job = await AddAsync();

        await Wait.ForAsync(FoundAsync, found => found.Contains(job), "the job is found");
        await _indexer.StopAsync(Cancellation);
    }

    [Fact]
    public async Task Start_JobCompletedBefore_IsIndexed()
    {
        var job = await AddAsync();

        await _indexer.StartAsync(Cancellation);

        await Wait.ForAsync(FoundAsync, found => found.Contains(job), "the job is found");
        await _indexer.StopAsync(Cancellation);
    }

    [Theory]
    [InlineData(0, 10)]
    [InlineData(1, 20)]
    [InlineData(5, 320)]
    [InlineData(9, 3600)]
    [InlineData(int.MaxValue, 3600)]
    public void RetryDelay_Failures_DoublesUpToAnHour(int failures, int seconds) => Assert.Equal(
        TimeSpan.FromSeconds(seconds), SearchIndexer.RetryDelay(TimeSpan.FromSeconds(10), failures));

    private async Task<Guid> AddAsync()
    {
        var job = TestJobs.Pending() with
        {
            Status = JobStatus.Completed,
            HasTracks = true,
            OutputPath = "results.json",
            EndedAt = TestJobs.Noon,
        };
        await _database.Store.InsertAsync(job, Cancellation);
        return job.JobId;
    }

    private async Task<IReadOnlyList<Guid>> FoundAsync()
    {
        var search = new ObjectSearch(new SearchScope(null, null, null, 100), "person", "", "", 0);
        return [.. (await _store.FindObjectsAsync(search, Cancellation)).Select(found => found.Job.JobId)];
    }

    private sealed class Leadership : ILeadership
    {
        public bool IsLeader { get; set; } = true;
    }

    private sealed class ScriptedSource : ITrackSource
    {
        public HashSet<Guid> Failing { get; } = [];

        public int Count { get; set; } = 1;

        public async IAsyncEnumerable<StoredTrack> ReadAsync(
            JobRecord job, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await Task.Yield();
            for (var id = 1; id <= Count; id++)
            {
                if (Failing.Contains(job.JobId))
                {
                    throw new InvalidDataException("The tracks are damaged.");
                }

                yield return new StoredTrack(new ObjectTrack { TrackId = id, Label = "person" }, null);
            }
        }
    }
}
