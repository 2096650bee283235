namespace ForegSyte.EndToEnd.Tests.Telemetry;

/// <summary>Questions to the spans that a collector got.</summary>
internal static class Traces
{
    /// <summary>The spans that have this name.</summary>
    public static IReadOnlyList<ReceivedSpan> Named(this IEnumerable<ReceivedSpan> spans, string name) =>
        [.. spans.Where(span => span.Name == name)];

    /// <summary>The names from the root to a span; begins with "?" where a parent is missing.</summary>
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
