using ForegSyte.V1;
using Google.Rpc;
using Grpc.Core;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>Tags of jobs, and filters over them, over a socket.</summary>
public sealed class TagRpcTests : IAsyncLifetime
{
    private RunningJobService _service = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() =>
        _service = await RunningJobService.StartAsync(RunningJobService.NotServing());

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task Submit_WithTags_EveryViewHasThem()
    {
        var job = await SubmitAsync(("camera", "north"), ("a-b_1", ""));

        Assert.Equal("north", job.Tags["camera"]);
        Assert.Equal(job.Tags, (await _service.GetAsync(job.JobId)).Tags);
        var listed = await ListAsync("");
        Assert.Equal(job.Tags, Assert.Single(listed).Tags);
        Assert.Equal(job.Etag, Assert.Single(listed).Etag);
    }

    [Theory]
    [InlineData("tags:camera", "north south north%")]
    [InlineData("tags.camera:*", "north south north%")]
    [InlineData("tags.camera:north", "north")]
    [InlineData("tags.camera = \"north*\"", "north north%")]
    [InlineData("tags.camera = \"north%\"", "north%")]
    [InlineData("tags.camera = \"n_rth\"", "")]
    [InlineData("tags.camera != north", "south north% none")]
    [InlineData("NOT tags:camera", "none")]
    [InlineData("tags.site:gate", "")]
    [InlineData("display_name:OUT", "south")]
    [InlineData("display_name:\"%\"", "north%")]
    [InlineData("status:PENDING AND display_name:nor", "north north%")]
    public async Task ListJobs_Filter_HoldsTheMatchingJobs(string filter, string names)
    {
        foreach (var camera in new[] { "north", "south", "north%" })
        {
            await SubmitAsync(camera, ("camera", camera));
        }

        await SubmitAsync("none");

        var found = (await ListAsync(filter)).Select(job => job.DisplayName);
        Assert.Equal(names.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(), found.Order());
    }

    [Theory]
    [InlineData("Camera", "north")]
    [InlineData("", "north")]
    [InlineData("camera", "two\nlines")]
    public async Task Submit_InvalidTag_IsRefusedAndNamesTheKey(string key, string value) =>
        await AssertRefusedAsync(key, (key, value));

    [Fact]
    public async Task Submit_TagsAtAndOverTheLimits()
    {
        var longest = string.Concat(Enumerable.Repeat("\U0001F3A5", JobTags.MaxValueLength));
        var most = Enumerable.Range(0, JobTags.MaxCount).Select(index => ($"k{index}", longest)).ToArray();
        Assert.Equal(JobTags.MaxCount, (await SubmitAsync(most)).Tags.Count);

        await AssertRefusedAsync("33", [.. most, ("one-more", "")]);
        await AssertRefusedAsync("k", ("k", longest + "x"));
        await AssertRefusedAsync(new string('k', 64), (new string('k', 64), ""));
    }

    [Fact]
    public async Task Submit_SameRequestIdWithOtherTags_IsAConflict()
    {
        var request = RunningJobService.Request(requestId: Guid.NewGuid().ToString());
        request.Tags.Add("a", "1");
        request.Tags.Add("b", "2");
        var job = await SubmitAsync(request);
        var repeated = RunningJobService.Request(requestId: request.RequestId);
        repeated.Tags.Add("b", "2");
        repeated.Tags.Add("a", "1");
        Assert.Equal(job.JobId, (await SubmitAsync(repeated)).JobId);

        repeated.Tags["a"] = "3";
        var (code, info, _) = await RunningJobService.FailureOfAsync(
            _service.Client.SubmitVideoAsync(repeated, cancellationToken: Cancellation));

        Assert.Equal((StatusCode.AlreadyExists, "tags"), (code, info.Metadata["fields"]));
    }

    private async Task AssertRefusedAsync(string value, params (string Key, string Value)[] tags)
    {
        var (code, info, status) = await RunningJobService.FailureOfAsync(
            _service.Client.SubmitVideoAsync(RequestWith("", tags), cancellationToken: Cancellation));
        Assert.Equal((StatusCode.InvalidArgument, "INVALID_FIELD"), (code, info.Reason));
        Assert.Equal("tags", Assert.Single(status.GetDetail<BadRequest>().FieldViolations).Field);
        Assert.Equal(value, info.Metadata["value"]);
    }

    private async Task<IReadOnlyList<Job>> ListAsync(string filter) => (await _service.Client.ListJobsAsync(
        new ListJobsRequest { Filter = filter }, cancellationToken: Cancellation)).Jobs;

    private Task<Job> SubmitAsync(params (string Key, string Value)[] tags) => SubmitAsync("", tags);

    private Task<Job> SubmitAsync(string name, params (string Key, string Value)[] tags) =>
        SubmitAsync(RequestWith(name, tags));

    private async Task<Job> SubmitAsync(SubmitVideoRequest request) =>
        (await _service.Client.SubmitVideoAsync(request, cancellationToken: Cancellation)).Job;

    private static SubmitVideoRequest RequestWith(string name, (string Key, string Value)[] tags)
    {
        var request = RunningJobService.Request();
        request.DisplayName = name;
        foreach (var (key, value) in tags)
        {
            request.Tags.Add(key, value);
        }

        return request;
    }
}
