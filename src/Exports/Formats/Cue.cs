using System.Runtime.CompilerServices;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;

namespace ForegSyte.Exports.Formats;

/// <summary>A subtitle.</summary>
/// <param name="StartMs">When it appears, in milliseconds from the start of playback.</param>
/// <param name="EndMs">When it disappears; after the start.</param>
/// <param name="Lines">Its lines of text, on one line each and not empty; at least one.</param>
internal sealed record Cue(long StartMs, long EndMs, IReadOnlyList<string> Lines);

/// <summary>The texts of a job as subtitles, by start.</summary>
internal static class Cues
{
    /// <summary>
    /// Longest time between two analyzed frames in frame steps; a longer one is a part that the job left out.
    /// </summary>
    private const int MaxGapSteps = 10;

    /// <summary>
    /// Reads one subtitle for each text track, which can overlap; or, of a job without text tracks, one for each run
    /// of frames with the same text.
    /// </summary>
    public static async IAsyncEnumerable<Cue> ReadAsync(
        IExportSource source, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var hasTracks = false;
        await foreach (var track in source.ReadTextTracksAsync(cancellationToken))
        {
            hasTracks = true;
            if (OfTrack(track, source.Job) is { } cue)
            {
                yield return cue;
            }
        }

        if (!hasTracks)
        {
            await foreach (var cue in OfFramesAsync(source, cancellationToken))
            {
                yield return cue;
            }
        }
    }

    /// <summary>
    /// Cuts overlapping subtitles into subtitles that follow one another, each with the lines of all that are visible
    /// at its time, the earliest first: many players show only one at a time.
    /// </summary>
    /// <exception cref="InvalidDataException">The subtitles are not ordered by start.</exception>
    public static async IAsyncEnumerable<Cue> FlattenAsync(
        IAsyncEnumerable<Cue> cues, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var visible = new List<Cue>();
        long time = 0;
        await foreach (var next in cues.WithCancellation(cancellationToken))
        {
            foreach (var part in Advance(visible, time, next.StartMs))
            {
                yield return part;
            }

            time = next.StartMs >= time
                ? next.StartMs
                : throw new InvalidDataException("The text tracks are not in the order of their first frames.");
            visible.Add(next);
        }

        foreach (var part in Advance(visible, time, long.MaxValue))
        {
            yield return part;
        }
    }

    /// <summary>The parts from a time to another; removes the subtitles that end.</summary>
    private static IEnumerable<Cue> Advance(List<Cue> visible, long from, long to)
    {
        while (visible.Count > 0 && from < to)
        {
            var end = Math.Min(to, visible.Min(cue => cue.EndMs));
            yield return new Cue(from, end, [.. visible.SelectMany(cue => cue.Lines)]);
            visible.RemoveAll(cue => cue.EndMs <= end);
            from = end;
        }
    }

    private static Cue? OfTrack(TextTrack track, ExportedJob job)
    {
        var lines = LinesOf([track.Text]);
        var start = track.First?.FrameTimestampMs ?? 0;
        return lines.Length == 0 ? null : new Cue(start, EndAfter(track.Last?.FrameTimestampMs ?? start, job), lines);
    }

    /// <summary>When the frame of a time is replaced by the next analyzed one, at most the end of the video.</summary>
    private static long EndAfter(long lastMs, ExportedJob job) =>
        Math.Max(lastMs + 1, Math.Min(lastMs + job.FrameStepMs, job.EndMs));

    private static async IAsyncEnumerable<Cue> OfFramesAsync(
        IExportSource source, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var step = source.Job.FrameStepMs;
        Cue? run = null;
        long lastMs = 0;
        await foreach (var frame in source.ReadFramesAsync(cancellationToken))
        {
            string[] lines = LinesOf((frame.Result?.TextRegions ?? []).Select(region => region.Text));
            long startMs = frame.FrameTimestampMs;
            var isGap = startMs - lastMs > MaxGapSteps * step;
            if (run is not null && (isGap || !run.Lines.SequenceEqual(lines)))
            {
                yield return run with
                {
                    EndMs = isGap ? EndAfter(lastMs, source.Job) : Math.Max(run.StartMs + 1, startMs),
                };
                run = null;
            }

            if (lines.Length > 0)
            {
                run ??= new Cue(startMs, startMs + 1, lines);
            }

            lastMs = startMs;
        }

        if (run is not null)
        {
            yield return run with { EndMs = EndAfter(lastMs, source.Job) };
        }
    }

    /// <summary>
    /// The texts as lines that cannot end a subtitle, reorder their surroundings or hide in them; without empty ones.
    /// </summary>
    private static string[] LinesOf(IEnumerable<string> texts) =>
        [.. texts.Select(text => ControlCharacters.Escape(text).Trim()).Where(text => text.Length > 0)];
}
