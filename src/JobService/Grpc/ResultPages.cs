using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Storage;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Grpc;

/// <summary>
/// Pages of the results of a job, cut by a budget of bytes: from the document of a completed job, from the finished
/// segments of any other. A page begins at a frame, so that a token holds across the change from one to the other.
/// </summary>
internal sealed class ResultPages(JobTracker board, IStorage storage, SegmentPages segments)
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

        // start_frame is of the first page only, so it is no argument that later pages have to repeat.
        var arguments = $"GetJobResults {jobId}";
        var startFrame = StartOf(request, arguments);
        while (true)
        {
            var job = await board.FindAsync(jobId, cancellationToken) ?? throw JobErrors.NotFound(jobId);

            // Reading is a few seeks and some MiB at most; a thread of the pool does it, since files have no other way
            // here.
            var page = await Task.Run(
                () => job.OutputPath is { } key
                    ? ReadDocument(job, key, startFrame, budget)
                    : segments.Read(job, startFrame, budget),
                cancellationToken);
            if (page is not null)
            {
                return ResponseOf(page, arguments);
            }

            // A segment that was there is gone: the job was completed or deleted meanwhile, or its segment is damaged,
            // which is known now.
        }
    }

    private static GetJobResultsResponse ResponseOf(JobResultsPage page, string arguments)
    {
        var response = new GetJobResultsResponse
        {
            Results = { page.Frames },
            Complete = page.Complete,
            EndFrame = page.EndFrame,
        };
        if (page.NextFrame is { } nextFrame)
        {
            response.NextPageToken = PageToken.Make(arguments, nextFrame.ToString(CultureInfo.InvariantCulture));
        }

        return response;
    }

    private JobResultsPage ReadDocument(JobRecord job, string key, int startFrame, int budget)
    {
        using var document = Open(key);
        var page = ResultsDocumentReader.ReadPage(document, startFrame, budget);
        return new JobResultsPage(page.Frames, page.NextFrame, Complete: true, job.Video?.FrameCount ?? 0);
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
}
