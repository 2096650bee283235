using System.Text.RegularExpressions;

namespace ForegSyte.EndToEnd.Tests.Telemetry;

/// <summary>What the queries of a file name.</summary>
/// <param name="Metrics">Names of series.</param>
/// <param name="Labels">Names of labels, in selectors and groupings.</param>
internal sealed partial record QueryNames(IReadOnlySet<string> Metrics, IReadOnlySet<string> Labels)
{
    /// <summary>
    /// Finds them by their form, in YAML and in JSON alike; a name that begins with none of the prefixes of what is
    /// exported is not seen.
    /// </summary>
    public static QueryNames Read(string text)
    {
        text = text.Replace("\\\"", "\"", StringComparison.Ordinal);
        var labels = Selector().Matches(text)
            .SelectMany(selector => LabelName().Matches(selector.Groups["inside"].Value))
            .Select(label => label.Groups["name"].Value)
            .Concat(Grouping().Matches(text)
                .SelectMany(grouping => grouping.Groups["names"].Value.Split(
                    ',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)));
        return new QueryNames(
            MetricName().Matches(text).Select(name => name.Value).ToHashSet(), labels.ToHashSet());
    }

    [GeneratedRegex(@"\b(foregsyte_[a-z_]+|rpc_server_[a-z_]+|dotnet_[a-z_]+|up)\b(?=[\s{\[)'""]|$)",
        RegexOptions.Multiline)]
    private static partial Regex MetricName();

    [GeneratedRegex(@"\b(foregsyte_[a-z_]+|rpc_server_[a-z_]+|dotnet_[a-z_]+|up)\{(?<inside>[^}]*)\}")]
    private static partial Regex Selector();

    [GeneratedRegex(@"(?<name>[a-z_]+)\s*(=~|!~|!=|=)\s*""")]
    private static partial Regex LabelName();

    [GeneratedRegex(@"\bby\s*\((?<names>[^)]*)\)")]
    private static partial Regex Grouping();
}
