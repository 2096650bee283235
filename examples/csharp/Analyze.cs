using System.Globalization;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;

namespace ForegSyte.Example;

/// <summary>
/// Submits a video, waits for its job, reads the results page by page, and reads the details of an error, with
/// generated stubs only. The package ForegSyte.Client does the same in three calls.
/// </summary>
internal static class Analyze
{
    // Small, so that a short video has several pages; 0 means the server's default (1 MiB).
    private const int PageBytes = 600;

    // Every call has a deadline, so a server that hangs cannot block the client.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan WaitTimeout = TimeSpan.FromSeconds(20);

    private static DateTime Deadline => TimeProvider.System.GetUtcNow().UtcDateTime + Timeout;

    /// <summary>Runs the example and returns its exit code.</summary>
    public static async Task<int> RunAsync(string server, string path)
    {
        using var channel = GrpcChannel.ForAddress($"http://{server}");
        var jobs = new JobService.JobServiceClient(channel);
        var content = ByteString.CopyFrom(await File.ReadAllBytesAsync(path));
        var job = await WaitAsync(jobs, await SubmitAsync(jobs, content, "yolo_ocr"));
        if (job.Status != JobStatus.Completed)
        {
            await Console.Error.WriteLineAsync($"The job ended as {job.Status}: {job.ErrorMessage}");
            return 1;
        }

        Report.Print(job);
        var number = 0;
        await foreach (var page in PagesAsync(jobs, job))
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"page {++number}"));
            page.Results.ToList().ForEach(Report.Print);
        }

        try
        {
            await SubmitAsync(jobs, content, "nope");
        }
        catch (RpcException exception) when (exception.GetRpcStatus() is { } status)
        {
            // The google.rpc.Status in the trailers of the failed call, and its details by type. A server that cannot
            // be reached sends none.
            Report.Print(status, status.GetDetail<ErrorInfo>()!, status.GetDetail<BadRequest>());
        }

        return 0;
    }

    // Creates a durable job from a video. The RequestId makes the call safe to retry after a lost response.
    private static async Task<Job> SubmitAsync(
        JobService.JobServiceClient jobs, ByteString content, string pipelineId)
    {
        var request = new SubmitVideoRequest
        {
            Content = content,
            PipelineId = pipelineId,
            Options = new JobOptions { FrameStride = 25 },
            RequestId = Guid.NewGuid().ToString(),
        };
        return (await jobs.SubmitVideoAsync(request, deadline: Deadline)).Job;
    }

    // Returns the job when it has ended. Each call returns after a change of the job, or after its timeout.
    private static async Task<Job> WaitAsync(JobService.JobServiceClient jobs, Job job)
    {
        while (job.Status is not (JobStatus.Completed or JobStatus.Failed or JobStatus.Cancelled))
        {
            var request = new WaitJobRequest
            {
                JobId = job.JobId,
                Etag = job.Etag,
                Timeout = Duration.FromTimeSpan(WaitTimeout),
            };
            job = (await jobs.WaitJobAsync(request, deadline: Deadline)).Job;
        }

        return job;
    }

    // Yields the pages of the results. Only an empty token marks the last page.
    private static async IAsyncEnumerable<GetJobResultsResponse> PagesAsync(JobService.JobServiceClient jobs, Job job)
    {
        var request = new GetJobResultsRequest { JobId = job.JobId, PageBytes = PageBytes };
        do
        {
            var page = await jobs.GetJobResultsAsync(request, deadline: Deadline);
            yield return page;
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
    }
}
