using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Storage.Results;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Grpc;

/// <summary>Pages of the results of a completed job, cut by a budget of bytes.</summary>
internal sealed class ResultPages(JobBoard board, IStorage storage)
{
    /// <summary>Budget of a page where the caller does not give one: 1 MiB.</summary>
    public const int DefaultPageBytes = 1 << 20;

    /// <summary>
    /// Largest budget of a page: 3 MiB, below the 4 MiB that gRPC clients receive unless told otherwise.
    /// </summary>
    public const int MaxPageBytes = 3 << 20;

    /// <summary>Reads one page.</summary>
    /// <exception cref="ServiceException">
    /// JOB_NOT_FOUND, RESULTS_NOT_READY, INVALID_FIELD, INVALID_PAGE_TOKEN or RESULTS_DAMAGED.
    /// </exception>
    public async Task<GetJobResultsResponse> ReadAsync(
        GetJobResultsRequest request, CancellationToken cancellationToken)
    {
        var jobId = RequestChecks.JobId(request.JobId);
        var budget = RequestChecks.Size("page_bytes", request.PageBytes, DefaultPageBytes, MaxPageBytes);
        var arguments = string.Create(CultureInfo.InvariantCulture, $"GetJobResults {jobId} {request.StartFrame}");
        var startFrame = StartOf(request, arguments);
        var job = await board.FindAsync(jobId, cancellationToken) ?? throw JobErrors.NotFound(jobId);
        if (job.OutputPath is not { } key)
        {
            throw NotReady(job);
        }

        // Reading is a few seeks and at most 3 MiB; a thread of the pool does it, since files have no other way here.
        return await Task.Run(() => Read(key, arguments, startFrame, budget), cancellationToken);
    }

    private GetJobResultsResponse Read(string key, string arguments, int startFrame, int budget)
    {
        using var document = Open(key);
        var page = ResultsDocumentReader.ReadPage(document, startFrame, budget);
        var response = new GetJobResultsResponse { Results = { page.Frames } };
        if (page.NextFrame is { } nextFrame)
        {
            response.NextPageToken = PageToken.Make(arguments, nextFrame.ToString(CultureInfo.InvariantCulture));
        }

        return response;
    }

    private Stream Open(string key)
    {
        try
        {
            return storage.OpenRead(key);
        }
        catch (FileNotFoundException exception)
        {
            throw new ServiceException(
                ErrorReason.ResultsDamaged, "The results document is gone from the storage. Submit the video again.",
                exception);
        }
    }

    private static int StartOf(GetJobResultsRequest request, string arguments)
    {
        if (request.StartFrame < 0)
        {
            throw ServiceException.InvalidField("start_frame", "start_frame has to be 0 or more.", request.StartFrame);
        }

        if (request.PageToken.Length == 0)
        {
            return request.StartFrame;
        }

        return int.TryParse(
            PageToken.Read(arguments, request.PageToken), NumberStyles.None, CultureInfo.InvariantCulture,
            out var frame)
                ? frame
                : throw JobErrors.InvalidPageToken();
    }

    private static ServiceException NotReady(JobRecord job)
    {
        var why = job.Status is JobStatus.Failed or JobStatus.Cancelled
            ? "It has no results."
            : "Wait for it with WaitJob.";
        return new ServiceException(
            ErrorReason.ResultsNotReady, $"Job {job.JobId} is {job.Status.ToString().ToUpperInvariant()}. {why}")
        {
            Metadata = new Dictionary<string, string>
            {
                ["jobId"] = job.JobId.ToString(),
                ["status"] = job.Status.ToString().ToUpperInvariant(),
            },
        };
    }
}
