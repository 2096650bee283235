using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Paging;
using ForegSyte.Jobs.Storage;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Grpc;

/// <summary>
/// Pages of the results of a job, limited by size. A completed job's pages come from its document. Any other job's
/// pages come from its finished segments, from frame 0 up to the first unfinished one. A page begins at a frame, so
/// that page tokens stay valid when the job completes.
/// </summary>
internal sealed class ResultPages(JobTracker tracker, IStorage storage, ISegmentStore segments)
{
    /// <summary>Default size of a page: 1 MiB.</summary>
    public const int DefaultPageBytes = 1 << 20;

    /// <summary>Maximum size of a page: 3 MiB, below the 4 MiB that gRPC clients accept by default.</summary>
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

        // Only the first page has a start_frame, so tokens are not bound to it.
        var arguments = $"GetJobResults {jobId}";
        var startFrame = StartOf(request, arguments);
        var firstUnreadable = int.MaxValue;
        while (true)
        {
            var job = await tracker.FindAsync(jobId, cancellationToken) ?? throw JobErrors.NotFound(jobId);
            var (page, unreadable) = job.OutputPath is { } key
                ? (await ReadDocumentAsync(job, key, startFrame, budget, cancellationToken), 0)
                : await ReadSegmentsAsync(job, startFrame, budget, firstUnreadable, cancellationToken);
            if (page is not null)
            {
                return ResponseOf(page, arguments);
            }

            // A finished segment disappeared: the job was completed or deleted in the meantime, or the segment is
            // damaged and counts as unfinished for this call. Look at the job again.
            firstUnreadable = unreadable;
        }
    }

    private static int StartOf(GetJobResultsRequest request, string arguments)
    {
        if (request.StartFrame < 0)
        {
            throw ServiceException.InvalidField("start_frame", "start_frame must be 0 or more.", request.StartFrame);
        }

        if (request.PageToken.Length == 0)
        {
            return request.StartFrame;
        }

        if (request.StartFrame > 0)
        {
            throw ServiceException.InvalidField(
                "start_frame",
                "start_frame cannot be together with page_token, which says where the page begins. Send start_frame "
                + "only for the first page.",
                request.StartFrame);
        }

        return int.TryParse(
            PageToken.Read(arguments, request.PageToken), NumberStyles.None, CultureInfo.InvariantCulture,
            out var frame)
                ? frame
                : throw PageToken.Invalid();
    }

    private async Task<Page> ReadDocumentAsync(
        JobRecord job, string key, int startFrame, int budget, CancellationToken cancellationToken)
    {
        await using var document = await OpenDocumentAsync(key, cancellationToken);
        var page = await document.ReadPageAsync(startFrame, budget, cancellationToken);
        return new Page(page.Frames, page.NextFrame, Complete: true, job.Video?.FrameCount ?? 0);
    }

    private async Task<ResultsDocumentReader> OpenDocumentAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            return await ResultsDocumentReader.OpenAsync(storage, key, cancellationToken);
        }
        catch (FileNotFoundException exception)
        {
            throw new ServiceException(
                ErrorReason.ResultsDamaged,
                "The results document is missing in the storage. Submit the video again, or ask the operator to "
                + "restore it.",
                exception);
        }
    }

    /// <summary>
    /// Reads the segments of one page before <paramref name="firstUnreadable"/>. Without a page, a finished segment
    /// cannot be read any more, and its number is returned.
    /// </summary>
    private async Task<(Page? Page, int Unreadable)> ReadSegmentsAsync(
        JobRecord job, int startFrame, int budget, int firstUnreadable, CancellationToken cancellationToken)
    {
        var known = await segments.FindAsync(job.JobId, cancellationToken);
        var finished = Math.Min(known?.PrefixCount ?? 0, firstUnreadable);
        if (known is null || finished == 0)
        {
            throw NotReady(job);
        }

        var frames = new List<FrameResult>();
        long bytes = 0;
        var endFrame = known.EndFrameOf(finished);
        for (var number = known.NumberOf(startFrame); number < finished; number++)
        {
            if (await segments.ReadAsync(job.JobId, known[number], job.FrameStride, cancellationToken)
                is not { } segment)
            {
                known.MarkMissing(number);
                return (null, number);
            }

            foreach (var frame in segment.Results.Where(frame => frame.FrameIndex >= startFrame))
            {
                // A page has at least one frame, however large it is.
                bytes += ResultsFormat.SizeOf(frame);
                if (frames.Count > 0 && bytes > budget)
                {
                    return (new Page(frames, frame.FrameIndex, Complete: false, endFrame), firstUnreadable);
                }

                frames.Add(frame);
            }
        }

        if (job.IsTerminal && startFrame == 0 && frames.Count == 0)
        {
            throw NotReady(job);
        }

        // Until the job ends there is always a next page.
        int? next = job.IsTerminal ? null : Math.Max(startFrame, endFrame);
        return (new Page(frames, next, Complete: false, endFrame), firstUnreadable);
    }

    private static GetJobResultsResponse ResponseOf(Page page, string arguments)
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

    private static ServiceException NotReady(JobRecord job)
    {
        var why = job.IsTerminal
            ? "It ended before any frame was analyzed and has no results."
            : "No segment is finished yet; wait with WaitJob.";
        return new ServiceException(
            ErrorReason.ResultsNotReady, $"Job {job.JobId} is {JobStatusNames.Of(job.Status)}. {why}")
        {
            Metadata = new Dictionary<string, string>
            {
                ["jobId"] = job.JobId.ToString(),
                ["status"] = JobStatusNames.Of(job.Status),
            },
        };
    }

    /// <param name="Frames">The results, in ascending frame_index.</param>
    /// <param name="NextFrame">Start of the next page; null on the last page.</param>
    /// <param name="Complete">Whether the job is completed.</param>
    /// <param name="EndFrame">Index after the last frame with a result.</param>
    private sealed record Page(IReadOnlyList<FrameResult> Frames, int? NextFrame, bool Complete, int EndFrame);
}
