using System.Text.Json.Nodes;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Hosting.Tests.Http;

/// <summary>Requests and errors over HTTP with JSON.</summary>
public sealed class TranscodingTests
{
    private static readonly (string, string) HttpPort = ("Listen:HttpPort", "0");

    [Fact]
    public async Task Patch_WithAMask_ReachesTheHandlerAsOneRequest()
    {
        await using var server = await TestServer.StartAsync(HttpPort);
        using var caller = new HttpCaller(server.HttpAddress);

        var reply = await PatchAsync(
            caller, "/v1/jobs/a?update_mask=display_name,tags",
            """{"display_name": "lobby", "tags": {"camera": "north"}, "etag": "W/\"x\""}""");

        var job = new Job { JobId = "a", DisplayName = "lobby", Tags = { ["camera"] = "north" }, Etag = "W/\"x\"" };
        Assert.Equal(job, reply.Read<UpdateJobResponse>().Job);
        Assert.Equal(
            new UpdateJobRequest { Job = job, UpdateMask = new() { Paths = { "display_name", "tags" } } },
            server.JobService.LastUpdate);
    }

    [Theory]
    [InlineData("/v1/jobs/a?job.display_name=lobby", "{}", "job.display_name")]
    [InlineData("/v1/jobs/a?job.jobId=a", "{}", "job.jobId")]
    [InlineData("/v1/jobs/a?display_name=lobby", "{}", "display_name")]
    [InlineData("/v1/jobs/a", """{"job": {"display_name": "lobby"}}""", "job.job")]
    [InlineData("/v1/jobs/a", """{"job_id": "b"}""", "job.job_id")]
    [InlineData("/v1/jobs/a", """{"update_mask": "tags"}""", "job.update_mask")]
    public async Task Patch_FieldInTheWrongPlace_IsNamed(string path, string json, string field)
    {
        await using var server = await TestServer.StartAsync(HttpPort);
        using var caller = new HttpCaller(server.HttpAddress);

        var refusal = (await PatchAsync(caller, path, json)).ReadError();

        Assert.Equal((ErrorReason.InvalidField, field), (refusal.Reason, refusal.Info.Metadata["field"]));
        Assert.Null(server.JobService.LastUpdate);
    }

    [Fact]
    public async Task Error_HasTheFormOfAip193()
    {
        await using var server = await TestServer.StartAsync(HttpPort);
        using var caller = new HttpCaller(server.HttpAddress);

        var reply = await caller.GetAsync($"/v1/jobs/{EchoJobService.MissingJob}");

        Assert.Equal(404, reply.Status);
        Assert.True(
            JsonNode.DeepEquals(
                JsonNode.Parse(
                    """
                    {
                      "error": {
                        "code": 404,
                        "message": "The job does not exist.",
                        "status": "NOT_FOUND",
                        "details": [
                          {
                            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                            "reason": "JOB_NOT_FOUND",
                            "domain": "foregsyte.dev"
                          },
                          {
                            "@type": "type.googleapis.com/google.rpc.ResourceInfo",
                            "resource_type": "job",
                            "resource_name": "missing",
                            "description": "The job does not exist."
                          }
                        ]
                      }
                    }
                    """),
                JsonNode.Parse(reply.Body)),
            reply.Body);
    }

    [Theory]
    [InlineData("GET", "/v1/nothing", 404, "UNIMPLEMENTED")]
    [InlineData("PATCH", "/v1/jobs", 405, "UNIMPLEMENTED")]
    [InlineData("GET", "/v1/jobs/a?view=FULL", 400, "INVALID_ARGUMENT")]
    [InlineData("POST", "/v1/jobs", 413, "RESOURCE_EXHAUSTED")]
    [InlineData("POST", "/v1/jobs:submit", 413, "RESOURCE_EXHAUSTED")]
    public async Task Error_OfAnyLayer_HasTheHttpStatusAndTheNameOfTheCode(
        string verb, string path, int status, string name)
    {
        await using var server = await TestServer.StartAsync(HttpPort, ("Http:MaxJsonBytes", "1024"));
        using var caller = new HttpCaller(server.HttpAddress);
        var tooLarge = new byte[5 * 1024 * 1024];

        var reply = verb == "POST"
            ? await caller.SendBytesAsync(verb, path, tooLarge, path == "/v1/jobs" ? "application/json" : null)
            : await caller.SendAsync(verb, path, content: null);

        reply.ReadError();
        Assert.Equal((status, name), (reply.Status, (string?)JsonNode.Parse(reply.Body)!["error"]!["status"]));
    }

    [Fact]
    public async Task View_InTheQuery_IsTheFullName()
    {
        await using var server = await TestServer.StartAsync(HttpPort);
        using var caller = new HttpCaller(server.HttpAddress);

        (await caller.GetAsync("/v1/jobs?view=JOB_VIEW_FULL")).Read<ListJobsResponse>();
        (await caller.GetAsync("/v1/jobs?view=2")).Read<ListJobsResponse>();
    }

    [Theory]
    [InlineData("DELETE", "/v1/jobs/a", "/v1/jobs/{job_id}", "etag")]
    [InlineData("GET", "/v1/jobs/a", "/v1/jobs/{job_id}", "view")]
    [InlineData("GET", "/healthz", "/healthz", "service")]
    public async Task Body_OfARequestWithoutOne_IsRefused(string verb, string path, string template, string fields)
    {
        var message = $"{verb} {template} does not take a body. Send its fields in the query: {fields}.";
        await using var server = await TestServer.StartAsync(HttpPort);
        using var caller = new HttpCaller(server.HttpAddress);
        const string stale = """{"etag": "W/\"stale\""}""";

        var sized = (await caller.SendAsync(verb, path, HttpCaller.Json(stale))).ReadError();
        var chunked = (await caller.SendAsync(
            verb, path, HttpCaller.Json(stale), ("Transfer-Encoding", "chunked"))).ReadError();

        Assert.Equal((ErrorReason.MalformedRequest, message), (sized.Reason, sized.Message));
        Assert.Equal((ErrorReason.MalformedRequest, message), (chunked.Reason, chunked.Message));
        Assert.Null(server.JobService.LastDelete);
    }

    [Fact]
    public async Task Body_Empty_IsNone()
    {
        await using var server = await TestServer.StartAsync(HttpPort);
        using var caller = new HttpCaller(server.HttpAddress);
        const string path = "/v1/jobs/a?etag=b";

        (await caller.DeleteAsync(path)).Read<DeleteJobResponse>();
        (await caller.SendAsync("DELETE", path, HttpCaller.Json(""))).Read<DeleteJobResponse>();
        (await caller.SendAsync("DELETE", path, HttpCaller.Json(""), ("Transfer-Encoding", "chunked")))
            .Read<DeleteJobResponse>();

        Assert.Equal(new DeleteJobRequest { JobId = "a", Etag = "b" }, server.JobService.LastDelete);
    }

    [Theory]
    [InlineData("DELETE", "/v1/jobs/a", "If-Match", "Send the etag in the field etag of the query instead.")]
    [InlineData("DELETE", "/v1/jobs/a", "If-None-Match", "Send the etag in the field etag of the query instead.")]
    [InlineData("PATCH", "/v1/jobs/a", "If-Match", "Send the etag in the field etag of the JSON body instead.")]
    [InlineData("POST", "/v1/jobs/a:cancel", "If-Match", "Send the etag in the field etag of the JSON body instead.")]
    [InlineData("POST", "/v1/jobs", "If-Match", "Send the request without it.")]
    [InlineData("POST", "/v1/jobs:submit", "If-Match", "Send the request without it.")]
    public async Task Precondition_InAHeader_IsRefused(string verb, string path, string header, string whatToDo)
    {
        await using var server = await TestServer.StartAsync(HttpPort);
        using var caller = new HttpCaller(server.HttpAddress);

        using var content = new ByteArrayContent([]);
        var refusal = (await caller.SendAsync(verb, path, content, (header, "W/\"stale\""))).ReadError();

        Assert.Equal(
            (ErrorReason.MalformedRequest, $"The header {header} is not supported. {whatToDo}"),
            (refusal.Reason, refusal.Message));
        Assert.Null(server.JobService.LastDelete);
        Assert.Null(server.JobService.LastUpdate);
        Assert.False(server.JobService.IsCancelled("a"), "The job was cancelled.");
    }

    [Fact]
    public async Task Precondition_OfARead_IsIgnored()
    {
        await using var server = await TestServer.StartAsync(HttpPort);
        using var caller = new HttpCaller(server.HttpAddress);

        (await caller.GetAsync("/v1/jobs/a", ("If-None-Match", "W/\"a\""))).Read<GetJobResponse>();
    }

    private static Task<HttpReply> PatchAsync(HttpCaller caller, string path, string json) =>
        caller.SendAsync("PATCH", path, HttpCaller.Json(json));
}
