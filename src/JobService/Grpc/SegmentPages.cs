using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Storage;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Grpc;

/// <summary>
/// Pages of the results of a job that is not completed: those of its finished segments from frame 0 up to the first one
/// that is not finished. Only the segments of the page are read.
/// </summary>
internal sealed class SegmentPages(SegmentStore store)
{
    /// <summary>The tag of GetJobResultsResponse.results.</summary>
    private const int TagBytes = 1;

    /// <summary>
    /// Reads one page; null where a segment that was finished cannot be read any more and the job is to be looked at
    /// again.
    /// </summary>
    /// <param name="job">The job, not completed.</param>
    /// <param name="startFrame">Smallest frame_index.</param>
    /// <param name="budget">Most bytes of the frames as a repeated field; one frame is always taken.</param>
    /// <exception cref="ServiceException">
    /// RESULTS_NOT_READY: no segment is finished, or the job ended and its segments have no frame.
    /// </exception>
    public JobResultsPage? Read(JobRecord job, int startFrame, int budget)
    {
        var segments = store.Find(job.JobId);
        var finished = segments?.PrefixCount ?? 0;
        if (segments is null || finished == 0)
        {
            throw NotReady(job);
        }

        var frames = new List<FrameResult>();
        long bytes = 0;
        var endFrame = segments.EndFrameOf(finished);
        for (var number = segments.NumberOf(startFrame); number < finished; number++)
        {
            if (store.Read(job.JobId, segments[number], job.FrameStride) is not { } segment)
            {
                segments.Mark(number, isStored: false);
                return null;
            }

            foreach (var frame in segment.Results.Where(frame => frame.FrameIndex >= startFrame))
            {
                bytes += TagBytes + CodedOutputStream.ComputeMessageSize(frame);
                if (frames.Count > 0 && bytes > budget)
                {
                    return new JobResultsPage(frames, frame.FrameIndex, Complete: false, endFrame);
                }

                frames.Add(frame);
            }
        }

        if (job.IsTerminal && startFrame == 0 && frames.Count == 0)
        {
            throw NotReady(job);
        }

        // There is a next page until the job has ended.
        int? next = job.IsTerminal ? null : Math.Max(startFrame, endFrame);
        return new JobResultsPage(frames, next, Complete: false, endFrame);
    }

    private static ServiceException NotReady(JobRecord job)
    {
        var why = job.IsTerminal
            ? "It ended before any frame was analyzed, and has no results."
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
}
