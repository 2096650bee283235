using ForegSyte.Client.Tests.Fakes;
using ForegSyte.V1;

namespace ForegSyte.Client.Tests.Sdk.Uploads;

/// <summary>The single steps of an upload.</summary>
public sealed class UploadStepsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Steps_InAnyOrder_CreateAJob()
    {
        await using var fixture = await UploadFixture.StartAsync();
        await using var client = fixture.Server.Connect();
        var (first, rest) = (fixture.Bytes.AsMemory(0, 1000), fixture.Bytes.AsMemory(1000));

        var upload = await client.CreateUploadAsync(fixture.Bytes.Length, cancellationToken: Token);
        await client.UploadPartAsync(upload.UploadId, 1000, rest, cancellationToken: Token);
        var partial = await client.GetUploadAsync(upload.UploadId, cancellationToken: Token);
        var received = await client.UploadPartAsync(upload.UploadId, 0, first, cancellationToken: Token);
        var job = await client.SubmitUploadAsync(
            upload.UploadId, new SubmitOptions { PipelineId = "yolo_ocr" }, cancellationToken: Token);

        Assert.Equal(new ByteRange { Start = 1000, End = fixture.Bytes.Length }, Assert.Single(partial.Ranges));
        Assert.Equal(fixture.Bytes.Length, received);
        Assert.Equal(SampleJobs.Id, job.JobId);
        Assert.Equal(fixture.Bytes, Assert.Single(fixture.Uploads.Videos));
    }

    [Fact]
    public async Task SubmitUpload_Again_SendsTheSameRequestId()
    {
        await using var fixture = await UploadFixture.StartAsync();
        fixture.Server.Service.Submit.Always((_, _) => Task.FromResult(
            new SubmitVideoResponse { Job = SampleJobs.Pending() }));
        await using var client = fixture.Server.Connect();
        (string, string)[] tags = [("a", "1"), ("b", "2"), ("c", "3")];

        await SubmitAsync(tags);
        await SubmitAsync(tags.Reverse());
        await SubmitAsync(tags.Take(2));

        var ids = fixture.Server.Service.Submit.Requests.Select(request => request.RequestId).ToList();
        Assert.Equal(ids[0], ids[1]);
        Assert.NotEqual(ids[0], ids[2]);

        Task<Job> SubmitAsync(IEnumerable<(string Key, string Value)> given) => client.SubmitUploadAsync(
            "x",
            new SubmitOptions
            {
                PipelineId = "yolo_ocr",
                Tags = given.ToDictionary(tag => tag.Key, tag => tag.Value),
            },
            cancellationToken: Token);
    }

    [Fact]
    public async Task AbortUpload_ResponseLost_Succeeds()
    {
        await using var fixture = await UploadFixture.StartAsync();
        await using var client = fixture.Server.Connect();
        var upload = await client.CreateUploadAsync(10, cancellationToken: Token);
        fixture.Uploads.Abort.Fail(Failures.Unavailable).Fail(Failures.UploadNotFound);

        await client.AbortUploadAsync(upload.UploadId, cancellationToken: Token);

        await client.AbortUploadAsync(upload.UploadId, cancellationToken: Token);
        Assert.Empty(fixture.Uploads.Open);
    }
}
