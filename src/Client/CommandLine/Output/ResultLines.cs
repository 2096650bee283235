using System.Globalization;
using ForegSyte.V1;

namespace ForegSyte.CommandLine.Output;

/// <summary>Results as aligned lines, written as they come.</summary>
internal static class ResultLines
{
    /// <summary>Head of the table.</summary>
    public static readonly string Header = Row("frame", "time", "objects", "text").TrimEnd();

    private const int ObjectsWidth = 56;

    /// <summary>One frame, for example "   10     1.000 s  person x3 92%, car 71%    GATE 07 NORTH".</summary>
    public static string Of(FrameResult frame)
    {
        var objects = string.Join(", ", (frame.Result?.Detections ?? [])
            .GroupBy(detection => detection.Label)
            .Select(group => ObjectsText(group.Key, group.Count(), group.Max(detection => detection.Confidence))));
        var text = string.Join(" | ", (frame.Result?.TextRegions ?? []).Select(region => region.Text));
        return Row(
            frame.FrameIndex.ToString(CultureInfo.InvariantCulture),
            string.Create(CultureInfo.InvariantCulture, $"{frame.FrameTimestampMs / 1000.0:0.000} s"),
            SafeText.OneLine(objects),
            SafeText.OneLine(text)).TrimEnd();
    }

    private static string ObjectsText(string label, int count, float best) => string.Create(
        CultureInfo.InvariantCulture, $"{label}{(count > 1 ? $" x{count}" : "")} {best * 100:0}%");

    private static string Row(string frame, string time, string objects, string text) =>
        $"{frame,8}  {time,12}  {objects,-ObjectsWidth}  {text}";
}
