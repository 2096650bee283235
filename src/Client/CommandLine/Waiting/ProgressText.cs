using System.Globalization;
using ForegSyte.CommandLine.Running;

namespace ForegSyte.CommandLine.Waiting;

/// <summary>Progress in words.</summary>
internal static class ProgressText
{
    /// <summary>
    /// For example "running, 45 of 100 frames, 23.1 frames/s, 2.4 s left" or "uploading, 1.2 GB of 3.4 GB, 110 MB/s,
    /// 20 s left".
    /// </summary>
    /// <param name="report">How far it is.</param>
    /// <param name="perSecond">Rate, in the report's unit; 0 where not known.</param>
    public static string Of(ProgressReport report, double perSecond)
    {
        if (report.Total <= 0)
        {
            return report.Stage;
        }

        var text = $"{report.Stage}, {Amounts(report)}";
        if (perSecond <= 0)
        {
            return text;
        }

        text += $", {Rate(report.Unit, perSecond)}";
        var left = TimeSpan.FromSeconds(Math.Ceiling((report.Total - report.Done) / perSecond));
        return report.Done < report.Total ? $"{text}, {DurationText.Format(left)} left" : text;
    }

    private static string Amounts(ProgressReport report) => report.Unit == ProgressUnit.Bytes
        ? $"{ByteText.Format(report.Done)} of {ByteText.Format(report.Total)}"
        : string.Create(CultureInfo.InvariantCulture, $"{report.Done} of {report.Total} frames");

    private static string Rate(ProgressUnit unit, double perSecond) => unit == ProgressUnit.Bytes
        ? $"{ByteText.Format((long)perSecond)}/s"
        : string.Create(CultureInfo.InvariantCulture, $"{perSecond:0.#} frames/s");
}
