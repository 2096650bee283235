using System.Globalization;
using System.Runtime.CompilerServices;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Paging;
using ForegSyte.Jobs.Storage;
using ForegSyte.Protocol.Tracking;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Grpc;

/// <summary>
/// Pages of the results of a job, limited by size. A completed job's pages come from its document. Any other job's
/// pages come from its finished segments, from frame 0 up to the first unfinished one. A page begins at a frame, so
/// that page tokens stay valid when the job completes. With every_frame, a page of a completed job can also begin
/// between two analyzed frames.
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
        var arguments = request.EveryFrame ? $"GetJobResults {jobId} every_frame" : $"GetJobResults {jobId}";
        var start = StartOf(request, arguments);
        var firstUnreadable = int.MaxValue;
        while (true)
        {
            var job = await tracker.FindAsync(jobId, cancellationToken) ?? throw JobErrors.NotFound(jobId);
            var (page, unreadable) = job.OutputPath is { } key
                ? (await ReadDocumentAsync(job, key, start, request.EveryFrame, budget, cancellationToken), 0)
                : await ReadSegmentsAsync(job, start.Frame, budget, firstUnreadable, cancellationToken);
            if (page is not null)
            {
                return ResponseOf(page, arguments);
            }

            // A finished segment disappeared: the job was completed or deleted in the meantime, or the segment is
            // damaged and counts as unfinished for this call. Look at the job again.
            firstUnreadable = unreadable;
        }
    }

    private static PageStart StartOf(GetJobResultsRequest request, string arguments)
    {
        if (request.StartFrame < 0)
        {
            throw ServiceException.InvalidField("start_frame", "start_frame must be 0 or more.", request.StartFrame);
        }

        if (request.PageToken.Length == 0)
        {
            return new PageStart(request.StartFrame);
        }

        if (request.StartFrame > 0)
        {
            throw ServiceException.InvalidField(
                "start_frame",
                "start_frame cannot be together with page_token, which says where the page begins. Send start_frame "
                + "only for the first page.",
                request.StartFrame);
        }

        return PageStart.TryParse(PageToken.Read(arguments, request.PageToken)) ?? throw PageToken.Invalid();
    }

    private async Task<Page> ReadDocumentAsync(
        JobRecord job, string key, PageStart start, bool isEveryFrame, int budget, CancellationToken cancellationToken)
    {
        await using var document = await OpenDocumentAsync(key, cancellationToken);
        var endFrame = job.Video?.FrameCount ?? 0;
        if (isEveryFrame)
        {
            var (frames, next) = await ReadEveryFrameAsync(document, start, budget, cancellationToken);
            return new Page(frames, next, Complete: true, endFrame);
        }

        var page = await document.ReadPageAsync(start.Frame, budget, cancellationToken);
        return new Page(
            page.Frames, page.NextFrame is { } frame ? new PageStart(frame) : null, Complete: true, endFrame);
    }

    /// <summary>Reads analyzed frames and adds those between them.</summary>
    private static async Task<(List<FrameResult> Frames, PageStart? Next)> ReadEveryFrameAsync(
        ResultsDocumentReader document, PageStart start, int budget, CancellationToken cancellationToken)
    {
        var frames = new List<FrameResult>();
        long bytes = 0;
        FrameResult? before = null;
        await foreach (var analyzed in ReadFramesAsync(document, start.Frame, budget, cancellationToken))
        {
            foreach (var between in InterpolatedFrames.Between(before, analyzed, start.FirstIndex))
            {
                if (!TryAdd(between))
                {
                    return (frames, new PageStart(before!.FrameIndex, between.FrameIndex));
                }
            }

            if (analyzed.FrameIndex >= start.FirstIndex && !TryAdd(analyzed))
            {
                return (frames, new PageStart(analyzed.FrameIndex));
            }

            before = analyzed;
        }

        return (frames, null);

        bool TryAdd(FrameResult frame)
        {
            bytes += ResultsFormat.SizeOf(frame);
            if (frames.Count > 0 && bytes > budget)
            {
                return false;
            }

            frames.Add(frame);
            return true;
        }
    }

    private static async IAsyncEnumerable<FrameResult> ReadFramesAsync(
        ResultsDocumentReader document, int startFrame, int budget,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (int? next = startFrame; next is { } start;)
        {
            var page = await document.ReadPageAsync(start, budget, cancellationToken);
            foreach (var frame in page.Frames)
            {
                yield return frame;
            }

            next = page.NextFrame;
        }
    }

    private async Task<ResultsDocumentReader> OpenDocumentAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            return await ResultsDocumentReader.OpenAsync(storage, key, cancellationToken);
        }
        catch (FileNotFoundException exception)
        {
            throw Missing(exception);
        }
    }

    /// <summary>The error for a completed job without a results document.</summary>
    internal static ServiceException Missing(Exception cause) => new(
        ErrorReason.ResultsDamaged,
        "The results document is missing in the storage. Submit the video again, or ask the operator to restore it.",
        cause);

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
            return job.IsTerminal
                ? throw NotReady(job)
                : (new Page([], new PageStart(startFrame), Complete: false, EndFrame: 0), firstUnreadable);
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
                    return (
                        new Page(frames, new PageStart(frame.FrameIndex), Complete: false, endFrame), firstUnreadable);
                }

                frames.Add(frame);
            }
        }

        if (job.IsTerminal && startFrame == 0 && frames.Count == 0)
        {
            throw NotReady(job);
        }

        // Until the job ends there is always a next page.
        var next = job.IsTerminal ? null : new PageStart(Math.Max(startFrame, endFrame));
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
        if (page.Next is { } next)
        {
            response.NextPageToken = PageToken.Make(arguments, next.ToString());
        }

        return response;
    }

    private static ServiceException NotReady(JobRecord job) => new(
        ErrorReason.ResultsNotReady,
        $"Job {job.JobId} is {JobStatusNames.Of(job.Status)}. It ended before its first segment was finished and has "
        + $"no results. {(job.Status == JobStatus.Completed ? "" : "RetryJob runs it again.")}".TrimEnd())
    {
        Metadata = new Dictionary<string, string>
        {
            ["jobId"] = job.JobId.ToString(),
            ["status"] = JobStatusNames.Of(job.Status),
        },
    };

    /// <param name="Frames">The results, in ascending frame_index.</param>
    /// <param name="Next">Start of the next page; null on the last page.</param>
    /// <param name="Complete">Whether the job is completed.</param>
    /// <param name="EndFrame">Index after the last frame with a result.</param>
    private sealed record Page(IReadOnlyList<FrameResult> Frames, PageStart? Next, bool Complete, int EndFrame);

    /// <summary>The start of a page, as page tokens hold it.</summary>
    /// <param name="Frame">Minimum index of the analyzed frames that are read.</param>
    /// <param name="FirstIndex">Index of the first frame of the page; smaller if that is the first one read.</param>
    private sealed record PageStart(int Frame, int FirstIndex = 0)
    {
        /// <summary>Parses <see cref="ToString"/>; null if the text is none.</summary>
        public static PageStart? TryParse(string? text)
        {
            var numbers = (text ?? "").Split('/')
                .Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                    ? number
                    : (int?)null);
            return numbers.ToList() switch
            {
                [{ } frame] => new PageStart(frame),
                [{ } frame, { } first] => new PageStart(frame, first),
                _ => null,
            };
        }

        public override string ToString() => FirstIndex > Frame
            ? string.Create(CultureInfo.InvariantCulture, $"{Frame}/{FirstIndex}")
            : Frame.ToString(CultureInfo.InvariantCulture);
    }
}
