using ForegSyte.Exports;

namespace ForegSyte.Client.Tests.Sdk;

/// <summary>Invalid arguments of the client's methods fail before a call.</summary>
public sealed class ArgumentTests
{
    private static readonly SubmitOptions Options = new() { PipelineId = "yolo_ocr" };

    private static readonly ExportOptions Export = new() { Format = ExportFormat.Csv };

    public static TheoryData<string, Func<ForegSyteClient, Task>> NullArguments { get; } = new()
    {
        { "path", client => client.SubmitFileAsync(null!, Options) },
        { "options", client => client.SubmitFileAsync("a.mp4", null!) },
        { "uri", client => client.SubmitVideoAsync((Uri)null!, Options) },
        { "options", client => client.SubmitVideoAsync(new Uri("s3://videos/a.mp4"), null!) },
        { "content", client => client.SubmitVideoAsync((Stream)null!, Options) },
        { "options", client => client.SubmitVideoAsync(Stream.Null, null!) },
        { "options", client => client.SubmitVideoAsync(new byte[1], null!) },
        { "sourceJobId", client => client.SubmitFromJobAsync(null!, Options) },
        { "options", client => client.SubmitFromJobAsync("x", null!) },
        { "uploadId", client => client.SubmitUploadAsync(null!, Options) },
        { "options", client => client.SubmitUploadAsync("x", null!) },
        { "sha256", client => client.CreateUploadAsync(1, null!) },
        { "uploadId", client => client.UploadPartAsync(null!, 0, new byte[1]) },
        { "uploadId", client => client.GetUploadAsync(null!) },
        { "uploadId", client => client.AbortUploadAsync(null!) },
        { "jobId", client => client.GetJobAsync(null!) },
        { "jobId", client => client.WaitJobAsync(null!) },
        { "etag", client => client.WaitJobAsync("x", null!) },
        { "jobId", client => client.WaitForCompletionAsync(null!) },
        { "jobId", client => client.WatchJobAsync(null!).FirstAsync().AsTask() },
        { "jobId", client => client.GetResultsAsync(null!).FirstAsync().AsTask() },
        { "jobId", client => client.FollowResultsAsync(null!).FirstAsync().AsTask() },
        { "jobId", client => client.GetResultsPageAsync(null!) },
        { "pageToken", client => client.GetResultsPageAsync("x", null!) },
        { "pageToken", client => client.ListJobsPageAsync(null!) },
        { "jobId", client => client.DownloadVideoAsync(null!, "a.mp4") },
        { "path", client => client.DownloadVideoAsync("x", (string)null!) },
        { "jobId", client => client.DownloadVideoAsync(null!, Stream.Null) },
        { "destination", client => client.DownloadVideoAsync("x", (Stream)null!) },
        { "jobId", client => client.DownloadVideoRangeAsync(null!, 0) },
        { "request", client => client.GetFrameAsync(null!) },
        { "jobId", client => client.ExportAsync(null!, Export, "a.csv") },
        { "options", client => client.ExportAsync("x", null!, "a.csv") },
        { "path", client => client.ExportAsync("x", Export, (string)null!) },
        { "jobId", client => client.ExportAsync(null!, Export, Stream.Null) },
        { "options", client => client.ExportAsync("x", null!, Stream.Null) },
        { "destination", client => client.ExportAsync("x", Export, (Stream)null!) },
        { "jobId", client => client.DiagnoseJobAsync(null!) },
        { "jobId", client => client.UpdateJobAsync(null!, new JobUpdate()) },
        { "update", client => client.UpdateJobAsync("x", null!) },
        { "etag", client => client.UpdateJobAsync("x", new JobUpdate { Priority = 1 }, null!) },
        { "jobId", client => client.CancelJobAsync(null!) },
        { "etag", client => client.CancelJobAsync("x", null!) },
        { "jobId", client => client.RetryJobAsync(null!) },
        { "etag", client => client.RetryJobAsync("x", null!) },
        { "jobId", client => client.DeleteJobAsync(null!) },
        { "etag", client => client.DeleteJobAsync("x", null!) },
    };

    [Theory]
    [MemberData(nameof(NullArguments), DisableDiscoveryEnumeration = true)]
    public async Task Method_NullArgument_IsNamed(string parameter, Func<ForegSyteClient, Task> call)
    {
        await using var client = new ForegSyteClient();

        await Assert.ThrowsAsync<ArgumentNullException>(parameter, () => call(client));
    }

    [Fact]
    public async Task SubmitVideo_RelativeUri_SaysWhatToUse()
    {
        await using var client = new ForegSyteClient();

        var failure = await Assert.ThrowsAsync<ArgumentException>(
            "uri",
            () => client.SubmitVideoAsync(
                new Uri("videos/a.mp4", UriKind.Relative),
                Options,
                cancellationToken: TestContext.Current.CancellationToken));

        Assert.StartsWith(
            "The URI 'videos/a.mp4' is relative; use an absolute file://, https:// or s3:// URI.",
            failure.Message,
            StringComparison.Ordinal);
    }
}
