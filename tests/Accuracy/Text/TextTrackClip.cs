using CliWrap;
using ForegSyte.Jobs.Tracking;
using ForegSyte.V1;

namespace ForegSyte.Accuracy.Text;

/// <summary>A text that the clip shows in all frames from its first to its last.</summary>
internal sealed record ShownText(string Text, int First, int Last);

/// <summary>How well text tracks tell what could be read and when.</summary>
/// <param name="Stride">Every n-th frame is looked at.</param>
/// <param name="Texts">Number of texts that the clip shows.</param>
/// <param name="Right">Of them, with a track of the same characters without spaces in 90 % of the same frames.</param>
/// <param name="Tracks">Number of published tracks.</param>
/// <param name="Milliseconds">Processor time of the tracker for each frame that was looked at.</param>
/// <param name="Mistakes">The tracks that are none of the texts.</param>
internal sealed record TextTrackScore(
    int Stride, int Texts, int Right, int Tracks, double Milliseconds, IReadOnlyList<string> Mistakes);

/// <summary>
/// A noisy clip of ten seconds that ffmpeg draws: two equal signs side by side, a moving one, one that is hidden for
/// two seconds, one that a passer-by covers piece by piece, and a display that changes.
/// </summary>
internal static class TextTrackClip
{
    private const int Frames = 100;
    private const int FramesPerSecond = 10;
    private const double MinSameTime = 0.9;
    private const int Repetitions = 5;
    private const string Font = "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf";

    private static readonly ShownText[] Texts =
    [
        new("GATE 07 NORTH", 0, 99), new("EXIT", 0, 99), new("EXIT", 0, 99), new("BAY 4", 10, 89),
        new("PLATFORM 12", 0, 99), new("NO ENTRY", 0, 99), new("ARRIVALS", 0, 49), new("BOARDING", 50, 99),
    ];

    private static readonly string Drawing = string.Join(
        ',',
        FormattableString.Invariant($"color=0x303840:size=960x540:rate={FramesPerSecond}"),
        Draw("GATE 07 NORTH", "40", 40),
        Draw("EXIT", "40", 130),
        Draw("EXIT", "240", 130),
        Draw("BAY 4", "40+60*t", 220) + ":enable=between(n\\,10\\,89)",
        Draw("PLATFORM 12", "500", 310) + ":enable=not(between(n\\,30\\,49))",
        Draw("NO ENTRY", "560", 40),
        "drawbox=x=420+120*t:y=20:w=60:h=160:color=0x806040:t=fill:enable=between(t\\,0.5\\,4)",
        Draw("ARRIVALS", "40", 440) + ":enable=lt(n\\,50)",
        Draw("BOARDING", "40", 440) + ":enable=gte(n\\,50)",
        "noise=alls=25:all_seed=1");

    /// <summary>Creates the clip.</summary>
    /// <exception cref="InvalidOperationException">The font is missing.</exception>
    public static Task MakeAsync(string path, CancellationToken cancellationToken) => File.Exists(Font)
        ? Cli.Wrap("ffmpeg")
            .WithArguments(
                ["-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", Drawing, "-frames:v", $"{Frames}",
                    "-c:v", "libx264", "-threads", "1", "-crf", "23", "-pix_fmt", "yuv420p", path])
            .ExecuteAsync(cancellationToken)
        : throw new InvalidOperationException(
            $"There is no font {Font}. Install Debian's fonts-dejavu-core; eng/setup.sh --accuracy does it.");

    /// <summary>Follows the lines that were read in every n-th frame, and compares the tracks with what was
    /// shown.</summary>
    /// <param name="frames">The results of all frames.</param>
    /// <param name="stride">Every n-th frame is looked at.</param>
    public static TextTrackScore Measure(IReadOnlyList<FrameResult> frames, int stride)
    {
        List<FrameResult> seen = [.. frames.Where(frame => frame.FrameIndex % stride == 0)];
        var tracks = Follow(seen);
        var free = tracks.ToList();
        var right = 0;
        foreach (var shown in Texts)
        {
            if (free.Find(track => IsSame(track, shown, stride)) is { } match)
            {
                free.Remove(match);
                right++;
            }
        }

        var before = Environment.CpuUsage.TotalTime;
        for (var i = 0; i < Repetitions; i++)
        {
            Follow(seen);
        }

        var spent = Environment.CpuUsage.TotalTime - before;
        return new TextTrackScore(
            stride, Texts.Length, right, tracks.Count, spent.TotalMilliseconds / Repetitions / Math.Max(seen.Count, 1),
            [.. free.Select(track => FormattableString.Invariant(
                $"'{track.Text}', frames {track.First.FrameIndex} to {track.Last.FrameIndex}"))]);
    }

    private static bool IsSame(TextTrack track, ShownText shown, int stride)
    {
        // A track from one looked-at frame to another stands for the frames up to the next one.
        var (first, last) = (track.First.FrameIndex, track.Last.FrameIndex + stride - 1);
        var common = Math.Min(last, shown.Last) - Math.Max(first, shown.First) + 1;
        var all = Math.Max(last, shown.Last) - Math.Min(first, shown.First) + 1;
        return common >= MinSameTime * all && track.Text.Replace(" ", "", StringComparison.Ordinal)
            == shown.Text.Replace(" ", "", StringComparison.Ordinal);
    }

    private static List<TextTrack> Follow(IEnumerable<FrameResult> frames)
    {
        var tracker = new TextTracker(new TextTrackerOptions(), 960, 540);
        var tracks = new List<TextTrack>();
        foreach (var frame in frames)
        {
            var regions = frame.Result.TextRegions;
            tracker.Update(frame.FrameIndex, frame.FrameTimestampMs, regions, new int[regions.Count]);
            tracks.AddRange(tracker.TakeEnded());
        }

        tracks.AddRange(tracker.Finish());
        return tracks;
    }

    private static string Draw(string text, string x, int y) => FormattableString.Invariant(
        $"drawtext=expansion=none:fontfile={Font}:text={text}:fontsize=36:fontcolor=white:x={x}:y={y}");
}
