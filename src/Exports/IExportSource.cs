using ForegSyte.V1;

namespace ForegSyte.Exports;

/// <summary>The results of a completed job. Each sequence can be read more than once.</summary>
internal interface IExportSource
{
    /// <summary>The job.</summary>
    ExportedJob Job { get; }

    /// <summary>Reads all analyzed frames, in ascending frame_index.</summary>
    IAsyncEnumerable<FrameResult> ReadFramesAsync(CancellationToken cancellationToken);

    /// <summary>Reads all objects, by track_id; none if the job has no tracks.</summary>
    IAsyncEnumerable<ObjectTrack> ReadObjectTracksAsync(CancellationToken cancellationToken);

    /// <summary>Reads all texts over time, by track_id; none if the job has no text tracks.</summary>
    IAsyncEnumerable<TextTrack> ReadTextTracksAsync(CancellationToken cancellationToken);
}

/// <summary>What an export tells of its job.</summary>
/// <param name="JobId">Id of the job, a UUID.</param>
/// <param name="Name">Display name of the job; can be empty.</param>
/// <param name="Video">The video.</param>
/// <param name="FrameStride">The job's frame_stride; 0 or 1 for every frame.</param>
/// <param name="FramesPerSecond">The job's frames_per_second, which replaces the stride; 0 if not set.</param>
internal sealed record ExportedJob(
    string JobId, string Name, VideoInfo Video, int FrameStride, double FramesPerSecond)
{
    /// <summary>A video of one frame without a declared rate shows it for a second.</summary>
    private const double MillisecondsOfASingleFrame = 1000;

    /// <summary>Mean time from one analyzed frame to the next in milliseconds, at least 1.</summary>
    public long FrameStepMs
    {
        get
        {
            var stride = FramesPerSecond > 0
                ? Math.Max(1, Math.Round(Video.FrameRate / FramesPerSecond, MidpointRounding.AwayFromZero))
                : Math.Max(1, FrameStride);
            var milliseconds = Video.FrameRate > 0 ? 1000 * stride / Video.FrameRate : MillisecondsOfASingleFrame;
            return Math.Max(1, (long)Math.Min(uint.MaxValue, Math.Round(milliseconds)));
        }
    }

    /// <summary>End of the video in milliseconds from the start of playback; the maximum if it is not known.</summary>
    public long EndMs => Video.Duration is null
        ? long.MaxValue
        : (long)Math.Ceiling(
            (Video.StartTime?.ToTimeSpan() ?? TimeSpan.Zero).TotalMilliseconds
            + Video.Duration.ToTimeSpan().TotalMilliseconds);

    /// <summary>The job of a message.</summary>
    public static ExportedJob Of(Job job) => new(
        job.JobId, job.DisplayName, job.Video ?? new VideoInfo(), job.Options?.FrameStride ?? 0,
        job.Options?.FramesPerSecond ?? 0);
}
