using System.Globalization;
using System.Text;

namespace ForegSyte.Exports.Formats;

/// <summary>WebVTT (https://www.w3.org/TR/webvtt1/): a cue for each text; cues can overlap.</summary>
internal static class WebVttFormat
{
    /// <summary>Writes the subtitles.</summary>
    public static async Task WriteAsync(
        IExportSource source, BufferedOutput output, CancellationToken cancellationToken)
    {
        await output.WriteAsync(
            Encoding.UTF8.GetBytes($"WEBVTT\n\nNOTE ForegSyte job {source.Job.JobId}\n"), cancellationToken);
        await foreach (var cue in Cues.ReadAsync(source, cancellationToken))
        {
            var text = string.Join('\n', cue.Lines.Select(Escape));
            await output.WriteAsync(
                Encoding.UTF8.GetBytes($"\n{SubtitleTime.Range(cue, '.')}\n{text}\n"), cancellationToken);
        }
    }

    /// <summary>
    /// Replaces the characters that begin tags and escapes; without a greater-than sign there is also no arrow, which
    /// would begin another cue.
    /// </summary>
    internal static string Escape(string line) => line
        .Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace(">", "&gt;", StringComparison.Ordinal);
}

/// <summary>
/// SubRip: numbered subtitles that do not overlap, UTF-8. It has no escapes, so characters that players take for
/// formatting are written as their full-width forms.
/// </summary>
internal static class SrtFormat
{
    /// <summary>Writes the subtitles.</summary>
    public static async Task WriteAsync(
        IExportSource source, BufferedOutput output, CancellationToken cancellationToken)
    {
        long number = 0;
        var cues = Cues.FlattenAsync(Cues.ReadAsync(source, cancellationToken), cancellationToken);
        await foreach (var cue in cues)
        {
            var text = string.Join('\n', cue.Lines.Select(Escape));
            var block = string.Create(
                CultureInfo.InvariantCulture, $"{++number}\n{SubtitleTime.Range(cue, ',')}\n{text}\n\n");
            await output.WriteAsync(Encoding.UTF8.GetBytes(block), cancellationToken);
        }
    }

    /// <summary>Replaces what begins a tag (&lt;i&gt;), a style ({\an8}), a break (\N) or a time (--&gt;).</summary>
    internal static string Escape(string line) => line
        .Replace('<', '\uFF1C')
        .Replace('>', '\uFF1E')
        .Replace('{', '\uFF5B')
        .Replace('\\', '\uFF3C');
}

/// <summary>Times of subtitles.</summary>
internal static class SubtitleTime
{
    /// <summary>Formats the times of a cue, for example "00:01:02.500 --> 00:01:04.000".</summary>
    /// <param name="cue">The cue.</param>
    /// <param name="point">Decimal separator.</param>
    public static string Range(Cue cue, char point) => $"{Format(cue.StartMs, point)} --> {Format(cue.EndMs, point)}";

    private static string Format(long milliseconds, char point)
    {
        var (seconds, rest) = Math.DivRem(milliseconds, 1000);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{seconds / 3600:00}:{seconds / 60 % 60:00}:{seconds % 60:00}{point}{rest:000}");
    }
}
