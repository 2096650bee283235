using ForegSyte.Client.Tests.Fakes;
using ForegSyte.V1;

namespace ForegSyte.Client.Tests.Sdk;

public sealed class PagingTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ListJobs_SeveralPages_ReadsThemAllWithTheSameArguments()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.List.Answer(
            new ListJobsResponse { Jobs = { SampleJobs.Running(1), SampleJobs.Running(2) }, NextPageToken = "b" },
            // An empty page is no end: only an empty token is (AIP-158).
            new ListJobsResponse { NextPageToken = "c" },
            new ListJobsResponse { Jobs = { SampleJobs.Running(3) } });
        await using var client = server.Connect();

        var jobs = await client.ListJobsAsync("status = RUNNING", 2, Token).ToListAsync(Token);

        Assert.Equal(["running 1", "running 2", "running 3"], jobs.Select(job => job.Etag));
        Assert.Equal(["", "b", "c"], server.Service.List.Requests.Select(request => request.PageToken));
        Assert.All(server.Service.List.Requests, request =>
            Assert.Equal(("status = RUNNING", 2), (request.Filter, request.PageSize)));
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

        var frames = await client.GetResultsAsync(SampleJobs.Id, startFrame: 10, Token).ToListAsync(Token);

        Assert.Equal([SampleJobs.Frame(10), SampleJobs.Frame(11), SampleJobs.Frame(12)], frames);
        var requests = server.Service.Results.Requests;
        Assert.Equal(["", "b", "b"], requests.Select(request => request.PageToken));
        Assert.Equal([10, 0, 0], requests.Select(request => request.StartFrame));
    }

    [Fact]
    public async Task ListPipelines_Always_ReturnsThem()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Pipelines.Answer(new ListPipelinesResponse { Pipelines = { new Pipeline { Id = "yolo_ocr" } } });
        await using var client = server.Connect();

        Assert.Equal("yolo_ocr", Assert.Single(await client.ListPipelinesAsync(Token)).Id);
    }

    [Fact]
    public async Task WaitJob_Once_SendsEtagAndTimeout()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Wait.Answer(SampleJobs.Changed(SampleJobs.Running(2)));
        await using var client = server.Connect();

        var job = await client.WaitJobAsync(SampleJobs.Id, "running 1", TimeSpan.FromSeconds(3), Token);

        Assert.Equal("running 2", job.Etag);
        var request = Assert.Single(server.Service.Wait.Requests);
        Assert.Equal(("running 1", 3L), (request.Etag, request.Timeout.Seconds));
    }
}
