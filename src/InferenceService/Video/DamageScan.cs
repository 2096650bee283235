using System.Runtime.CompilerServices;
using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.Memory;
using ForegSyte.Video;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Video;

/// <summary>
/// Decodes a stretch of a video a second time, without pixels, to learn which frames are damaged. It runs only after a
/// decoder has complained or lost frames, so that good videos do not pay for it.
/// </summary>
internal sealed class DamageScan(
    DecoderTools tools, IOptions<VideoOptions> options, IOptions<MemoryOptions> memoryOptions)
{
    /// <summary>
    /// Number of frames after the first wanted one that are scanned to judge a start: more than any decoder reads
    /// ahead.
    /// </summary>
    private const int ReadAhead = 64;

    private readonly ConditionalWeakTable<VideoIndex, SeekHistory> _histories = [];

    /// <summary>What decoding has shown about a video.</summary>
    public SeekHistory HistoryOf(VideoIndex index) => _histories.GetValue(index, static _ => new SeekHistory());

    /// <summary>Finds out whether decoding can start at a seek point, and remembers it.</summary>
    /// <param name="video">The video.</param>
    /// <param name="index">The video.</param>
    /// <param name="point">The seek point.</param>
    /// <param name="firstWanted">The first frame for which the decoder started there.</param>
    /// <param name="bytes">Memory of the scan.</param>
    /// <param name="cancellationToken">Ends the scan.</param>
    /// <returns>The report from the point to some frames after the wanted one.</returns>
    /// <exception cref="ServiceException">DECODER_LOST, VIDEO_LIMIT_EXCEEDED.</exception>
    public async Task<DamageReport> JudgeAsync(
        VideoFile video, VideoIndex index, SeekPoint point, int firstWanted, long bytes,
        CancellationToken cancellationToken)
    {
        var last = Math.Min(firstWanted + ReadAhead, index.FrameCount - 1);
        var report = await RunAsync(video, index, point, last, bytes, cancellationToken);
        HistoryOf(index).Judge(point, report.StartsIntact);
        return report;
    }

    /// <summary>Finds the damaged frames from a start to a frame.</summary>
    /// <param name="video">The video.</param>
    /// <param name="index">The video.</param>
    /// <param name="from">
    /// The seek point before the first frame of interest; null for the beginning of the file.
    /// </param>
    /// <param name="lastFrame">The last frame of interest.</param>
    /// <param name="bytes">Memory of the scan.</param>
    /// <param name="cancellationToken">Ends the scan.</param>
    /// <exception cref="ServiceException">DECODER_LOST, VIDEO_LIMIT_EXCEEDED.</exception>
    public async Task<DamageReport> FindAsync(
        VideoFile video, VideoIndex index, SeekPoint? from, int lastFrame, long bytes,
        CancellationToken cancellationToken)
    {
        var history = HistoryOf(index);
        while (true)
        {
            var start = history.UsableAtOrBefore(index, from);
            if (history.FindReport(start, lastFrame, out var isKnownStart) is { } known)
            {
                return known;
            }

            // Segments that share a start would each scan from there again; the second scan goes on to the end.
            var last = isKnownStart || !index.HasReliableTimestamps ? index.FrameCount - 1 : lastFrame;
            var report = await RunAsync(video, index, start, last, bytes, cancellationToken);
            if (start is { } point)
            {
                history.Judge(point, report.StartsIntact);
                if (!report.StartsIntact)
                {
                    continue;
                }
            }

            history.AddReport(start, last, report);
            return report;
        }
    }

    private async Task<DamageReport> RunAsync(
        VideoFile video, VideoIndex index, SeekPoint? start, int lastFrame, long bytes,
        CancellationToken cancellationToken)
    {
        var log = new DamageLog(index, start, lastFrame);
        var limit = tools.AddressSpace(bytes, threads: 1, memoryOptions.Value);
        await using var process = ChildProcess.Start(
            tools.Ffmpeg(
                FfmpegArguments.MakeScan(tools.InputPath(video), index, start, lastFrame, options.Value), video,
                limit),
            log.Take);
        await using var kill = cancellationToken.Register(process.Kill);
        var exitCode = await process.WaitForExitAsync();
        cancellationToken.ThrowIfCancellationRequested();
        if (DecoderExit.EndFailure(exitCode, log.Tail, options.Value, limit) is { } failure)
        {
            failure.LastWords = DecoderLogExcerpt.Of(log.Tail, video.Path);
            throw failure;
        }

        return log.ToReport();
    }
}
