using System.Globalization;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;

namespace ForegSyte.Example;

/// <summary>
/// Submits a video, waits for its job, pages through the results, and reads the details of an error, with nothing but
/// generated stubs. The package ForegSyte.Client does all this in three calls.
/// </summary>
internal static class Analyze
{
    // Small, so that a short video has several pages; 0 lets the server choose (1 MiB).
    private const int PageBytes = 600;

    // Every call has a deadline: a server that hangs must not hang its callers.
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
        catch (RpcException exception)
        {
            // The google.rpc.Status that the trailers of a failed call carry, and its details by type.
            var status = exception.GetRpcStatus()!;
            Report.Print(status, status.GetDetail<ErrorInfo>()!, status.GetDetail<BadRequest>());
        }

        return 0;
    }

    // Makes a durable job of a video. The RequestId makes it safe to repeat the call after a lost answer.
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

    // Returns the job when it has ended. Each call returns at a change, or after a while without one.
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

    // The pages of the results; an empty token, and nothing else, is their end.
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
