using ForegSyte.Client.Tests.Fakes;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;

namespace ForegSyte.Client.Tests.Sdk;

public sealed class PagingTests
{
    private static Grpc.Core.RpcException NotReady { get; } = Failures.Of(
        Grpc.Core.StatusCode.FailedPrecondition, ErrorReason.ResultsNotReady, "No segment is finished yet.");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ListJobs_SeveralPages_ReadsThemAllWithTheSameArguments()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.List.Answer(
            new ListJobsResponse { Jobs = { SampleJobs.Running(1), SampleJobs.Running(2) }, NextPageToken = "b" },
            // Only an empty token is the end, not an empty page (AIP-158).
            new ListJobsResponse { NextPageToken = "c" },
            new ListJobsResponse { Jobs = { SampleJobs.Running(3) } });
        await using var client = server.Connect();

        var jobs = await client.ListJobsAsync("status = RUNNING", 2, cancellationToken: Token).ToListAsync(Token);

        Assert.Equal(["running 1", "running 2", "running 3"], jobs.Select(job => job.Etag));
        Assert.Equal(["", "b", "c"], server.Service.List.Requests.Select(request => request.PageToken));
        Assert.All(server.Service.List.Requests, request =>
            Assert.Equal(
                ("status = RUNNING", 2, JobView.Basic), (request.Filter, request.PageSize, request.View)));
    }

    [Fact]
    public async Task ListJobsPage_Token_ReadsThatPageOnly()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.List.Answer(new ListJobsResponse { Jobs = { SampleJobs.Completed() }, NextPageToken = "c" });
        await using var client = server.Connect();

        var page = await client.ListJobsPageAsync("b", "tags:camera", 7, JobView.Full, cancellationToken: Token);

        Assert.Equal(SampleJobs.Completed(), Assert.Single(page.Jobs));
        Assert.Equal("c", page.NextPageToken);
        Assert.Equal(
            new ListJobsRequest { PageToken = "b", Filter = "tags:camera", PageSize = 7, View = JobView.Full },
            Assert.Single(server.Service.List.Requests));
    }

    [Fact]
    public async Task ListTracks_SeveralPages_ReadsThemAllWithTheSameArguments()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.ObjectTracks.Answer(
            new ListObjectTracksResponse { ObjectTracks = { new ObjectTrack { TrackId = 1 } }, NextPageToken = "b" },
            new ListObjectTracksResponse { ObjectTracks = { new ObjectTrack { TrackId = 3 } } });
        server.Service.TextTracks.Answer(
            new ListTextTracksResponse { TextTracks = { new TextTrack { Text = "EXIT" } }, NextPageToken = "c" },
            new ListTextTracksResponse());
        server.Service.Shots.Answer(
            new ListShotsResponse { Shots = { new Shot { Number = 1 } }, NextPageToken = "d" },
            new ListShotsResponse { Shots = { new Shot { Number = 2 } } });
        await using var client = server.Connect();

        var tracks = await client.ListObjectTracksAsync("id", 2, cancellationToken: Token).ToListAsync(Token);
        var texts = await client.ListTextTracksAsync("id", 3, cancellationToken: Token).ToListAsync(Token);
        var shots = await client.ListShotsAsync("id", 4, cancellationToken: Token).ToListAsync(Token);

        Assert.Equal([1, 3], tracks.Select(track => track.TrackId));
        Assert.Equal("EXIT", Assert.Single(texts).Text);
        Assert.Equal([1, 2], shots.Select(shot => shot.Number));
        Assert.Equal(
            [new() { JobId = "id", PageSize = 2 }, new() { JobId = "id", PageSize = 2, PageToken = "b" }],
            server.Service.ObjectTracks.Requests);
        Assert.Equal(
            new ListTextTracksRequest { JobId = "id", PageSize = 3, PageToken = "c" },
            server.Service.TextTracks.Requests[1]);
        Assert.Equal(
            new ListShotsRequest { JobId = "id", PageSize = 4, PageToken = "d" }, server.Service.Shots.Requests[1]);
    }

    [Fact]
    public async Task ListErrorReasons_SeveralPages_ReadsThemAll()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Reasons.Answer(
            new ListErrorReasonsResponse { Reasons = { ErrorReasonList.All.Take(20) }, NextPageToken = "b" },
            new ListErrorReasonsResponse { Reasons = { ErrorReasonList.All.Skip(20) } });
        await using var client = server.Connect();

        var reasons = await client.ListErrorReasonsAsync(cancellationToken: Token).ToListAsync(Token);

        Assert.Equal(ErrorReasonList.All, reasons);
        Assert.Equal(["", "b"], server.Service.Reasons.Requests.Select(request => request.PageToken));
    }

    [Fact]
    public async Task ListJobs_CallerStops_ReadsNoFurtherPage()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.List.Answer(
            new ListJobsResponse { Jobs = { SampleJobs.Running(1), SampleJobs.Running(2) }, NextPageToken = "b" });
        await using var client = server.Connect();

        var jobs = await client.ListJobsAsync(cancellationToken: Token).Take(2).ToListAsync(Token);

        Assert.Equal(2, jobs.Count);
        Assert.Single(server.Service.List.Requests);
    }

    [Fact]
    public async Task GetResults_SeveralPages_ReadsThemInOrder()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Results
            .Answer(new GetJobResultsResponse
            {
                Results = { SampleJobs.Frame(10), SampleJobs.Frame(11) },
                NextPageToken = "b",
            })
            .Fail(Failures.Unavailable)
            .Answer(new GetJobResultsResponse { Results = { SampleJobs.Frame(12) } });
        await using var client = server.Connect();

        var frames = await client.GetResultsAsync(
            SampleJobs.Id, startFrame: 10, cancellationToken: Token).ToListAsync(Token);

        Assert.Equal([SampleJobs.Frame(10), SampleJobs.Frame(11), SampleJobs.Frame(12)], frames);
        var requests = server.Service.Results.Requests;
        Assert.Equal(["", "b", "b"], requests.Select(request => request.PageToken));
        Assert.Equal([10, 0, 0], requests.Select(request => request.StartFrame));
    }

    [Fact]
    public async Task GetResults_RunningJob_WaitsForAChangeBeforeItReadsAnEmptyPageAgain()
    {
        await using var server = await ScriptedServer.StartAsync();
        var order = new System.Collections.Concurrent.ConcurrentQueue<string>();
        Page(new GetJobResultsResponse { Results = { SampleJobs.Frame(0) }, NextPageToken = "b" });
        Page(new GetJobResultsResponse { NextPageToken = "b" });
        Page(new GetJobResultsResponse { NextPageToken = "b" });
        Page(new GetJobResultsResponse { Results = { SampleJobs.Frame(1) }, NextPageToken = "c" });
        Page(new GetJobResultsResponse { Complete = true });
        Wait(SampleJobs.Running(1));
        Wait(SampleJobs.Completed());
        await using var client = server.Connect();

        var frames = await client.GetResultsAsync(SampleJobs.Id, cancellationToken: Token).ToListAsync(Token);

        Assert.Equal([SampleJobs.Frame(0), SampleJobs.Frame(1)], frames);
        Assert.Equal(["page", "page", "wait", "page", "wait", "page", "page"], order);
        Assert.Equal(["", "running 1"], server.Service.Wait.Requests.Select(request => request.Etag));
        Assert.All(server.Service.Wait.Requests, request => Assert.Equal(30, request.Timeout.Seconds));

        void Page(GetJobResultsResponse response) => server.Service.Results.Do((_, _) =>
        {
            order.Enqueue("page");
            return Task.FromResult(response);
        });

        void Wait(Job job) => server.Service.Wait.Do((_, _) =>
        {
            order.Enqueue("wait");
            return Task.FromResult(SampleJobs.Changed(job));
        });
    }

    [Fact]
    public async Task GetResults_WaitReturnsAtOnce_DelaysBetweenCalls()
    {
        await using var server = await ScriptedServer.StartAsync();
        for (var i = 0; i < 4; i++)
        {
            server.Service.Results.Answer(new GetJobResultsResponse { NextPageToken = "b" });
        }

        server.Service.Results.Answer(new GetJobResultsResponse { Complete = true });
        server.Service.Wait.Always((_, _) => Task.FromResult(SampleJobs.Changed(SampleJobs.Running(1))));
        var clock = new SkippingTimeProvider();
        await using var client = server.Connect(options => options with { TimeProvider = clock });

        Assert.Empty(await client.GetResultsAsync(SampleJobs.Id, cancellationToken: Token).ToListAsync(Token));

        // The first wait returns the etag; each later wait without a change is followed by a delay.
        Assert.Equal(3, clock.Delays.Count(delay => delay == new ForegSyteClientOptions().RetryBaseDelay));
    }

    [Fact]
    public async Task FollowResults_NoResultsYet_WaitsForTheFirst()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Results.Fail(NotReady, times: 2)
            .Answer(new GetJobResultsResponse { Results = { SampleJobs.Frame(0) }, Complete = true });
        server.Service.Wait.Answer(
            SampleJobs.Changed(SampleJobs.Running(0)), SampleJobs.Changed(SampleJobs.Running(1)));
        await using var client = server.Connect();

        var frames = await client.FollowResultsAsync(SampleJobs.Id, cancellationToken: Token).ToListAsync(Token);

        Assert.Equal([SampleJobs.Frame(0)], frames);
        Assert.Equal(["", "running 0"], server.Service.Wait.Requests.Select(request => request.Etag));
    }

    [Fact]
    public async Task FollowResults_JobEndsWithoutResults_ThrowsNotReady()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Results.Fail(NotReady, times: 2);
        server.Service.Wait.Answer(SampleJobs.Changed(SampleJobs.Failed()));
        await using var client = server.Connect();

        var failure = await Assert.ThrowsAsync<ForegSyteException>(async () =>
            await client.FollowResultsAsync(SampleJobs.Id, cancellationToken: Token).ToListAsync(Token));
        Assert.Equal(ErrorReason.ResultsNotReady, failure.Reason);
    }

    [Fact]
    public async Task ListPipelines_SeveralPages_ReadsThemAll()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Pipelines.Answer(
            new ListPipelinesResponse { Pipelines = { new Pipeline { Id = "detect_only" } }, NextPageToken = "b" },
            new ListPipelinesResponse { Pipelines = { new Pipeline { Id = "yolo_ocr" } } });
        await using var client = server.Connect();

        var pipelines = await client.ListPipelinesAsync(cancellationToken: Token).ToListAsync(Token);

        Assert.Equal(["detect_only", "yolo_ocr"], pipelines.Select(pipeline => pipeline.Id));
        Assert.Equal(["", "b"], server.Service.Pipelines.Requests.Select(request => request.PageToken));
    }

    [Fact]
    public async Task ListNodes_SeveralPages_ReadsThemAll()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Nodes.Answer(
            new ListNodesResponse { Nodes = { new Node { NodeName = "a" } }, NextPageToken = "b" },
            new ListNodesResponse { Nodes = { new Node { NodeName = "b" } } });
        await using var client = server.Connect();

        var nodes = await client.ListNodesAsync(cancellationToken: Token).ToListAsync(Token);

        Assert.Equal(["a", "b"], nodes.Select(node => node.NodeName));
        Assert.Equal(["", "b"], server.Service.Nodes.Requests.Select(request => request.PageToken));
    }

    [Fact]
    public async Task WaitJob_Once_SendsEtagAndTimeout()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Wait.Answer(SampleJobs.Changed(SampleJobs.Running(2)));
        await using var client = server.Connect();

        var job = await client.WaitJobAsync(
            SampleJobs.Id, "running 1", TimeSpan.FromSeconds(3), cancellationToken: Token);

        Assert.Equal("running 2", job.Etag);
        var request = Assert.Single(server.Service.Wait.Requests);
        Assert.Equal(
            ("running 1", 3L, JobView.Full), (request.Etag, request.Timeout.Seconds, request.View));
    }
}
