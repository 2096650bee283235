using ForegSyte.Inference.V1;
using ForegSyte.Jobs.Grpc;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Storage.PostgreSql;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Jobs.Tests.Tracks;
using ForegSyte.Jobs.Tracks;
using ForegSyte.Testing;
using ForegSyte.Testing.Servers;
using ForegSyte.V1;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Storage.PostgreSql;

/// <summary>Segments of jobs that several nodes run one after the other.</summary>
public sealed class PostgresSegmentStoreTests(SharedServers servers) : SegmentStoreContract, IAsyncLifetime
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(5);

    private readonly InMemoryStorage _storage = new();
    private PostgresNode? _node;
    private JobRecord? _job;

    private protected override ISegmentStore Segments => field ??= OpenOn(Node);

    private protected override JobRecord Job => _job!;

    private PostgresNode Node => _node!;

    public async ValueTask InitializeAsync()
    {
        _node = new PostgresNode(await PostgresNode.CreateDatabaseAsync(await servers.PostgresOrSkipAsync()));
        _job = await RunAsync(_node);
    }

    public async ValueTask DisposeAsync()
    {
        if (_node is not null)
        {
            await _node.DisposeAsync();
        }
    }

    [Fact]
    public async Task Find_OnAnotherNodeWhileTheJobRuns_SeesEachSegmentAtOnce()
    {
        await using var other = new PostgresNode(Node.Options.Value.ConnectionString);
        var pages = OpenOn(other);
        Segment[] plan = [Segment, new(1, 1, 2)];
        await Segments.StorePlanAsync(JobId, Token, plan, Cancellation);
        Assert.Equal(0, (await pages.FindAsync(JobId, Cancellation))!.PrefixCount);

        await StoreSegmentAsync();

        Assert.Equal(1, (await pages.FindAsync(JobId, Cancellation))!.PrefixCount);
        Assert.Equal(
            Text, (await pages.ReadAsync(JobId, Segment, 1, Cancellation))?.Results.Single().Result.Text);
    }

    [Fact]
    public async Task Writes_AfterAnotherNodeTookTheJobOver_AreRefusedAndChangeNothing()
    {
        await using var other = new PostgresNode(Node.Options.Value.ConnectionString);
        var otherSegments = OpenOn(other);
        Segment[] plan = [Segment, new(1, 1, 2)];
        await Segments.StorePlanAsync(JobId, Token, plan, Cancellation);
        await StoreSegmentAsync();
        var newToken = await TakeOverAsync(other);
        await otherSegments.StoreAsync(JobId, newToken, Segment, 2, ResponseWith("GATE 09"), Cancellation);

        foreach (var write in (Func<Task>[])[
            () => Segments.StorePlanAsync(JobId, Token, [Segment], Cancellation),
            () => Segments.ShortenPlanAsync(JobId, Token, plan, 1, Cancellation),
            () => Segments.StoreAsync(JobId, Token, Segment, 1, ResponseWith("late"), Cancellation),
            () => Segments.StoreAsync(
                JobId, Token, Segment, 1, ResponseWith(new string('x', 2 << 20)), Cancellation)])
        {
            var refused = await Assert.ThrowsAsync<TransitionRefusedException>(write);
            Assert.Equal(TransitionRefusal.StaleLease, refused.Refusal);
        }

        Assert.Equal(plan, await Segments.ReadPlanAsync(JobId, Cancellation));
        Assert.Equal(
            "GATE 09", (await Segments.ReadAsync(JobId, Segment, 1, Cancellation))?.Results.Single().Result.Text);
        Assert.Empty(await _storage.KeysAsync());
    }

    [Fact]
    public async Task Store_LeaseExpiredByTheDatabasesClock_IsRefused()
    {
        await Node.ExecuteAsync("UPDATE jobs SET lease_expires_at = clock_timestamp() - interval '1 millisecond'");

        await Assert.ThrowsAsync<TransitionRefusedException>(() => StoreSegmentAsync());
    }

    [Fact]
    public async Task Store_JobCancelledOrDeleted_IsRefused()
    {
        await Node.Store.UpdateAsync(
            JobId, stored => stored with { Status = JobStatus.Cancelled, Lease = null }, Cancellation);
        await Assert.ThrowsAsync<TransitionRefusedException>(() => StoreSegmentAsync());
        await Node.Store.DeleteAsync(JobId, _ => { }, Cancellation);
        await Assert.ThrowsAsync<TransitionRefusedException>(() => StoreSegmentAsync());

        Assert.Null(await Segments.ReadAsync(JobId, Segment, 1, Cancellation));
    }

    [Fact]
    public async Task Store_WhileAClaimIsUnderWay_WaitsForItAndIsRefused()
    {
        await using var connection = await Node.Database.Source.OpenConnectionAsync(Cancellation);
        await connection.ExecuteAsync("SET idle_in_transaction_session_timeout = 0", Cancellation);
        await using var claim = await connection.BeginTransactionAsync(Cancellation);
        await connection.ExecuteAsync(
            "UPDATE jobs SET lease_token = @token WHERE job_id = @job", Cancellation,
            ("token", Guid.NewGuid()), ("job", JobId));

        var late = StoreSegmentAsync();
        await WaitUntilOneWaitsAsync();
        Assert.False(late.IsCompleted, "The segment was stored before the claim ended.");
        await claim.CommitAsync(Cancellation);

        await Assert.ThrowsAsync<TransitionRefusedException>(() => late);
        Assert.Null(await Segments.ReadAsync(JobId, Segment, 1, Cancellation));
    }

    [Fact]
    public async Task Store_SegmentsOfOneJobAtOnce_DoNotWaitForEachOther()
    {
        await using var connection = await Node.Database.Source.OpenConnectionAsync(Cancellation);
        await connection.ExecuteAsync("SET idle_in_transaction_session_timeout = 0", Cancellation);
        await using var earlier = await connection.BeginTransactionAsync(Cancellation);
        await connection.ExecuteAsync(
            "SELECT job_id FROM jobs WHERE job_id = @job FOR SHARE", Cancellation, ("job", JobId));

        await StoreSegmentAsync();

        Assert.NotNull(await Segments.ReadAsync(JobId, Segment, 1, Cancellation));
    }

    [Fact]
    public async Task Store_LargeResponses_AreArtifactsWhichTheNextAttemptReplaces()
    {
        var large = new string('x', 2 << 20);
        await StoreSegmentAsync(large);
        var key = Assert.Single(await _storage.KeysAsync());
        Assert.Equal(ArtifactKeys.Segment(JobId, 0, 1, Token), key);
        await using var other = new PostgresNode(Node.Options.Value.ConnectionString);
        var newToken = await TakeOverAsync(other);
        var otherSegments = OpenOn(other);

        await otherSegments.StoreAsync(JobId, newToken, Segment, 2, ResponseWith(large + "y"), Cancellation);
        Assert.Equal([ArtifactKeys.Segment(JobId, 0, 1, newToken)], await _storage.KeysAsync());

        await otherSegments.StoreAsync(JobId, newToken, Segment, 2, ResponseWith("small"), Cancellation);
        Assert.Empty(await _storage.KeysAsync());
        Assert.Equal(
            "small", (await Segments.ReadAsync(JobId, Segment, 1, Cancellation))?.Results.Single().Result.Text);
    }

    [Fact]
    public async Task Read_ArtifactIsMissing_IsNull()
    {
        await StoreSegmentAsync(new string('x', 2 << 20));
        await _storage.DeleteAsync(ArtifactKeys.Segment(JobId, 0, 1, Token), Cancellation);

        Assert.Null(await Segments.ReadAsync(JobId, Segment, 1, Cancellation));
    }

    [Fact]
    public async Task Read_ByteOfTheRowFlipped_IsNull()
    {
        await Segments.StorePlanAsync(JobId, Token, [Segment], Cancellation);
        await StoreSegmentAsync();
        await Node.ExecuteAsync("UPDATE segments SET content = set_byte(content, 9, get_byte(content, 9) # 1)");
        await Node.ExecuteAsync("UPDATE job_plans SET plan = set_byte(plan, 0, get_byte(plan, 0) # 1)");

        Assert.Null(await Segments.ReadAsync(JobId, Segment, 1, Cancellation));
        Assert.Null(await Segments.ReadPlanAsync(JobId, Cancellation));
        Assert.Null(await Segments.FindAsync(JobId, Cancellation));
    }

    [Fact]
    public async Task LiveTracks_OnAnotherNode_FollowWhatThisNodeStores()
    {
        await using var other = new PostgresNode(Node.Options.Value.ConnectionString);
        await using var live = new LiveTracks(
            other.Store, OpenOn(other), _storage, Options.Create(new LiveTracksOptions()), TimeProvider.System,
            NullLogger<LiveTracks>.Instance);
        var job = Job with
        {
            Video = new VideoInfo { Width = MovingObjects.Width, Height = MovingObjects.Height, FrameCount = 100 },
        };
        Segment[] plan = [new(0, 0, 40), new(1, 40, 100)];
        await Segments.StorePlanAsync(JobId, Token, plan, Cancellation);
        var found = new List<(int EndFrame, string Labels)> { await ReadAsync() };
        foreach (var segment in plan)
        {
            var response = ScriptedInference.Answer(new RunPipelineRequest
            {
                Range = new FrameRange { StartFrame = segment.StartFrame, EndFrame = segment.EndFrame },
            });
            MovingObjects.Describe(response, MovingObjects.Tracking);
            await Segments.StoreAsync(JobId, Token, segment, 1, response, Cancellation);
            found.Add(await ReadAsync());
        }

        Assert.Equal([(0, ""), (40, "person 39 True, car 39 True"), (100, "person 59 False, car 99 True")], found);

        async Task<(int EndFrame, string Labels)> ReadAsync()
        {
            var page = await live.ReadAsync(
                job,
                tracks => tracks.ReadAsync<ObjectTrack>(TrackSection.Objects, 0, Cancellation)
                    .Select(track => $"{track.Label} {track.Last.FrameIndex} {track.Live}")
                    .ToListAsync(Cancellation).AsTask(),
                Cancellation);
            return (page.EndFrame, string.Join(", ", page.Result ?? []));
        }
    }

    [Fact]
    public async Task Pages_RowOfASegmentIsDamaged_EndBeforeIt()
    {
        Segment[] plan = [Segment, new(1, 1, 2)];
        await Segments.StorePlanAsync(JobId, Token, plan, Cancellation);
        await StoreSegmentAsync();
        var second = ResponseWith(Text);
        second.Results[0].FrameIndex = 1;
        await Segments.StoreAsync(JobId, Token, plan[1], 1, second, Cancellation);
        var pages = new ResultPages(new JobTracker(Node.Store), _storage, Segments);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        limit.CancelAfter(Wait.Timeout);
        Task<GetJobResultsResponse> ReadAsync() =>
            pages.ReadAsync(new GetJobResultsRequest { JobId = JobId.ToString() }, limit.Token);
        Assert.Equal(2, (await ReadAsync()).EndFrame);

        await Node.ExecuteAsync("UPDATE segments SET content = '' WHERE start_frame = 1");
        var page = await ReadAsync();
        await Node.ExecuteAsync("UPDATE segments SET content = '' WHERE start_frame = 0");
        var empty = await ReadAsync();

        Assert.Equal((1, 1), (page.EndFrame, page.Results.Count));
        Assert.Equal((0, 0), (empty.EndFrame, empty.Results.Count));
        Assert.NotEmpty(empty.NextPageToken);
    }

    [Fact]
    public async Task RemoveAll_LargeAndSmallSegments_LeavesNoArtifactsAndNoRows()
    {
        await Segments.StorePlanAsync(JobId, Token, [Segment, new(1, 1, 2)], Cancellation);
        await StoreSegmentAsync(new string('x', 2 << 20));
        await Segments.StoreAsync(JobId, Token, new Segment(1, 1, 2), 1, ResponseWith("small"), Cancellation);

        await Segments.RemoveAllAsync(JobId, Cancellation);

        Assert.Empty(await _storage.KeysAsync());
        Assert.Equal((0, 0), await CountRowsAsync());
    }

    [Fact]
    public async Task RemoveOrphans_RemovesThoseOfCompletedAndDeletedJobsOnly()
    {
        var (completed, deleted) = (await RunAsync(Node), await RunAsync(Node));
        foreach (var job in (JobRecord[])[Job, completed, deleted])
        {
            await Segments.StorePlanAsync(job.JobId, job.Lease!.Token, [Segment], Cancellation);
            await Segments.StoreAsync(job.JobId, job.Lease.Token, Segment, 1, ResponseWith(Text), Cancellation);
        }

        await Node.ExecuteAsync($"UPDATE jobs SET status = 'COMPLETED' WHERE job_id = '{completed.JobId}'");
        await Node.ExecuteAsync($"DELETE FROM jobs WHERE job_id = '{deleted.JobId}'");

        Assert.Equal(2, await Segments.RemoveOrphansAsync(Cancellation));
        Assert.Equal(0, await Segments.RemoveOrphansAsync(Cancellation));

        Assert.Equal((1, 1), await CountRowsAsync());
        Assert.NotNull(await Segments.ReadAsync(JobId, Segment, 1, Cancellation));
    }

    [Fact]
    public async Task Store_WhileTheServerIsDown_IsStoredWhenItIsBack()
    {
        await using var server = await PostgresServer.StartOrSkipAsync();
        await using var node = new PostgresNode(await PostgresNode.CreateDatabaseAsync(server));
        var job = await RunAsync(node);
        var log = new FakeLogger<PostgresSegmentStore>();
        var segments = new PostgresSegmentStore(node.Database, _storage, TimeProvider.System, log);
        await server.StopAsync();

        var storing = segments.StoreAsync(
            job.JobId, job.Lease!.Token, Segment, 1, ResponseWith(Text), Cancellation);
        await Wait.UntilAsync(() => log.Collector.Count > 0, "the first try has failed");
        await server.StartAsync();
        await storing;

        Assert.Equal(
            Text,
            (await segments.ReadAsync(job.JobId, Segment, 1, Cancellation))?.Results.Single().Result.Text);
    }

    private static RunPipelineResponse ResponseWith(string text) => new()
    {
        Results = { new FrameResult { FrameIndex = 0, Result = new PipelineResult { Text = text } } },
        Frames = new FrameAccounting { Total = 1, Analyzed = 1 },
    };

    private static async Task<JobRecord> RunAsync(PostgresNode node)
    {
        var (job, _) = await node.Store.InsertAsync(TestJobs.Pending(), Cancellation);
        return (await node.Store.UpdateAsync(
            job.JobId, (stored, now) => JobTransitions.Claim(stored, Guid.NewGuid(), now, Lease), Cancellation))!;
    }

    /// <summary>Lets the lease expire and claims the job on another node; returns the new token.</summary>
    private async Task<Guid> TakeOverAsync(PostgresNode other)
    {
        var token = Guid.NewGuid();
        await Node.ExecuteAsync("UPDATE jobs SET lease_expires_at = clock_timestamp() - interval '1 second'");
        await other.Store.UpdateAsync(
            JobId,
            (stored, now) => JobTransitions.Claim(
                JobTransitions.Rescue(stored, new JobFailure(ErrorReason.LeaseLost, "lost"), now), token, now, Lease),
            Cancellation);
        return token;
    }

    /// <summary>Waits until a statement of this database waits for a lock.</summary>
    private Task<long> WaitUntilOneWaitsAsync() => Wait.ForAsync(
        async () => (await Node.QueryAsync(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
            row => row.GetInt64(0))).Single(),
        waiting => waiting > 0,
        "the write waits for the claim");

    private async Task<(int Plans, int Segments)> CountRowsAsync() => (await Node.QueryAsync(
        "SELECT (SELECT count(*) FROM job_plans)::int, (SELECT count(*) FROM segments)::int",
        row => (row.GetInt32(0), row.GetInt32(1)))).Single();

    private PostgresSegmentStore OpenOn(PostgresNode node) => new(
        node.Database, _storage, TimeProvider.System, NullLogger<PostgresSegmentStore>.Instance);
}
