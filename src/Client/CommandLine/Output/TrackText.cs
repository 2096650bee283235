using System.Globalization;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;

namespace ForegSyte.CommandLine.Output;

/// <summary>Objects, texts and shots as text.</summary>
internal static class TrackText
{
    /// <summary>Times of crossings that are shown for one track.</summary>
    private const int MaxCrossings = 5;

    /// <summary>
    /// Distinct objects, texts and shots, for example "7 persons, 1 truck; 1 text; 3 shots"; empty if the pipeline
    /// tracks nothing or nothing was found.
    /// </summary>
    public static string Found(JobSummary summary)
    {
        var objects = Counts(summary.Labels.Select(label => (label.Label, label.TrackCount)));
        var texts = summary.TextTrackCount > 0 ? PluralText.Of(summary.TextTrackCount, "text") : "";
        var shots = summary.ShotCount > 0 ? PluralText.Of(summary.ShotCount, "shot") : "";
        return string.Join("; ", new[] { objects, texts, shots }.Where(part => part.Length > 0));
    }

    /// <summary>Numbers by label, the greatest first, for example "7 persons, 1 truck".</summary>
    public static string Counts(IEnumerable<(string Label, int Count)> counts) => string.Join(
        ", ",
        counts.Where(item => item.Count > 0)
            .OrderByDescending(item => item.Count).ThenBy(item => item.Label, StringComparer.Ordinal)
            .Select(item => PluralText.Of(item.Count, item.Label)));

    /// <summary>For example "3 persons, 1 truck"; "none" if there are none.</summary>
    public static string Counts(IEnumerable<TrackCount> counts) =>
        Counts(counts.Select(item => (item.Label, item.Count))) is { Length: > 0 } text ? text : "none";

    /// <summary>A time of the video, for example "0:03.4" or "1:02:03.4".</summary>
    public static string Time(uint milliseconds)
    {
        var time = TimeSpan.FromMilliseconds(milliseconds);
        return time.TotalHours < 1
            ? string.Create(CultureInfo.InvariantCulture, $"{time.Minutes}:{time.Seconds:00}.{time.Milliseconds / 100}")
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}.{time.Milliseconds / 100}");
    }

    /// <summary>The time between two timestamps in seconds.</summary>
    public static string Seconds(uint from, uint to) => string.Create(
        CultureInfo.InvariantCulture, $"{(to > from ? to - from : 0) / 1000.0:0.0}");

    /// <summary>A confidence in percent.</summary>
    public static string Percent(float confidence) =>
        string.Create(CultureInfo.InvariantCulture, $"{confidence * 100:0}%");

    /// <summary>
    /// Time in zones, then crossings, for example "door 2.3 s (2 entries), gate to the left at 0:03.4".
    /// </summary>
    public static string Places(ObjectTrack track)
    {
        var visits = track.ZoneVisits.Select(visit =>
        {
            var entries = visit.Entries > 1
                ? string.Create(CultureInfo.InvariantCulture, $" ({visit.Entries} entries)")
                : "";
            return string.Create(
                CultureInfo.InvariantCulture, $"{visit.ZoneId} {visit.DurationMs / 1000.0:0.0} s{entries}");
        });
        var crossings = track.LineCrossings.Take(MaxCrossings).Select(crossing =>
        {
            var side = crossing.Direction switch
            {
                CrossingDirection.Left => " to the left",
                CrossingDirection.Right => " to the right",
                _ => "",
            };
            return $"{crossing.LineId}{side} at {Time(crossing.FrameTimestampMs)}";
        });
        var rest = track.LineCrossings.Count - MaxCrossings;
        return string.Join(
            ", ",
            visits.Concat(crossings).Concat(rest > 0 ? [$"{PluralText.Of(rest, "more crossing")}"] : []));
    }
}
