using System.Globalization;
using ForegSyte.CommandLine.Running;

namespace ForegSyte.CommandLine.Waiting;

/// <summary>Progress in words.</summary>
internal static class ProgressText
{
    /// <summary>For example "running, 45 of 100 frames, 23.1 frames/s, 2.4 s left".</summary>
    /// <param name="report">How far it is.</param>
    /// <param name="framesPerSecond">Rate; 0 where not known.</param>
    public static string Of(ProgressReport report, double framesPerSecond)
    {
        if (report.Total <= 0)
        {
            return report.Stage;
        }

        var text = string.Create(
            CultureInfo.InvariantCulture, $"{report.Stage}, {report.Done} of {report.Total} frames");
        if (framesPerSecond <= 0)
        {
            return text;
        }

        text += string.Create(CultureInfo.InvariantCulture, $", {framesPerSecond:0.#} frames/s");
        var left = TimeSpan.FromSeconds(Math.Ceiling((report.Total - report.Done) / framesPerSecond));
        return report.Done < report.Total ? $"{text}, {DurationText.Format(left)} left" : text;
    }
}
