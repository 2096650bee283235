using System.Globalization;
using System.Text;

namespace ForegSyte.EndToEnd.Tests.Telemetry;

/// <summary>Queries over received spans.</summary>
internal static class Traces
{
    /// <summary>The spans with this name.</summary>
    public static IReadOnlyList<ReceivedSpan> Named(this IEnumerable<ReceivedSpan> spans, string name) =>
        [.. spans.Where(span => span.Name == name)];

    /// <summary>The names from the root to a span; starts with "?" if a parent is missing.</summary>
    public static IReadOnlyList<string> PathOf(this IReadOnlyList<ReceivedSpan> spans, ReceivedSpan span)
    {
        var names = new List<string> { span.Name };
        while (span.ParentId.Length > 0)
        {
            if (spans.FirstOrDefault(other => other.SpanId == span.ParentId) is not { } parent)
            {
                return [.. names.Append("?").Reverse()];
            }

            span = parent;
            names.Add(span.Name);
        }

        return [.. names.AsEnumerable().Reverse()];
    }
}

/// <summary>Formats a trace: one line per span, children below their parents, sorted by start time.</summary>
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
                    .Append(span.ParentId.Length > 0 && depth == 0 ? "  (its parent was lost with its process)" : "")
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
