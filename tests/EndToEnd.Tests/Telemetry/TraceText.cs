using System.Globalization;
using System.Text;

namespace ForegSyte.EndToEnd.Tests.Telemetry;

/// <summary>
/// A trace for people: a line a span, children below their parents, in the order of their beginnings.
/// </summary>
internal static class TraceText
{
    private static readonly string[] ShownAttributes =
    [
        "foregsyte.job.attempt", "foregsyte.job.outcome", "foregsyte.segment.start_frame",
        "foregsyte.segment.end_frame", "foregsyte.frames", "process.exit.code", "rpc.response.status_code",
        "error.type",
    ];

    /// <summary>The text; times are in milliseconds.</summary>
    public static string Of(IReadOnlyList<ReceivedSpan> spans)
    {
        var text = new StringBuilder("   start  duration\n");
        var ids = spans.Select(span => span.SpanId).ToHashSet();
        var children = spans.OrderBy(span => span.Start)
            .ToLookup(span => ids.Contains(span.ParentId) ? span.ParentId : "");
        var begin = spans.Count == 0 ? default : spans.Min(span => span.Start);
        Write("", depth: 0);
        return text.ToString();

        void Write(string parent, int depth)
        {
            foreach (var span in children[parent])
            {
                text.Append(CultureInfo.InvariantCulture, $"{(span.Start - begin).TotalMilliseconds,8:F1} ")
                    .Append(CultureInfo.InvariantCulture, $"{span.Duration.TotalMilliseconds,9:F1}  ")
                    .Append(' ', depth * 2)
                    .Append(span.Name)
                    .Append(span.ParentId.Length > 0 && depth == 0 ? "  (its parent went with its process)" : "")
                    .Append(Facts(span))
                    .Append('\n');
                Write(span.SpanId, depth + 1);
            }
        }
    }

    private static string Facts(ReceivedSpan span)
    {
        var facts = ShownAttributes.Where(span.Attributes.ContainsKey)
            .Select(name => $"{name[(name.LastIndexOf('.') + 1)..]}={span[name]}");
        return $"  [{string.Join(", ", facts.Prepend(span.Service))}]";
    }
}
