using System.Globalization;
using System.Text.RegularExpressions;

namespace ForegSyte.EndToEnd.Tests.Telemetry;

/// <summary>A page of metrics as Prometheus reads it.</summary>
public sealed partial class MetricsPage
{
    private const string ScopeLabel = "otel_scope_name";

    private readonly List<(string Name, Dictionary<string, string> Labels, double Value)> _samples = [];

    /// <summary>Reads a page; what is no line of the format fails.</summary>
    public MetricsPage(string text)
    {
        var (types, helps) = (new Dictionary<string, string>(), new Dictionary<string, string>());
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith('#'))
            {
                var words = line.Split(' ', 4);
                (words[1] == "TYPE" ? types : helps)[words[2]] = words[3];
                continue;
            }

            var match = SampleLine().Match(line);
            Assert.True(match.Success, line);
            _samples.Add((
                match.Groups["name"].Value,
                LabelPair().Matches(match.Groups["labels"].Value)
                    .ToDictionary(label => label.Groups["name"].Value, label => label.Groups["value"].Value),
                double.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture)));
        }

        Families =
        [
            .. types.Select(type => new MetricFamily(type.Key, type.Value, helps[type.Key], LabelsOf(type.Key))),
        ];
    }

    /// <summary>All metrics of the page.</summary>
    public IReadOnlyList<MetricFamily> Families { get; }

    /// <summary>The sum of the series that have these labels, written as "name=value".</summary>
    public double Sum(string name, params string[] labels) => _samples
        .Where(sample => sample.Name == name && labels.All(label =>
            sample.Labels.GetValueOrDefault(label.Split('=')[0]) == label.Split('=')[1]))
        .Sum(sample => sample.Value);

    private IReadOnlyCollection<string> LabelsOf(string family) => [.. _samples
        .Where(sample => sample.Name == family || sample.Name == family + "_count")
        .SelectMany(sample => sample.Labels.Keys)
        .Where(label => label != ScopeLabel)
        .Distinct()
        .Order(StringComparer.Ordinal)];

    [GeneratedRegex(@"^(?<name>[a-z_0-9]+)(\{(?<labels>.*)\})? (?<value>[0-9.eE+-]+|NaN|\+Inf)( [0-9]+)?$")]
    private static partial Regex SampleLine();

    [GeneratedRegex(@"(?<name>[a-z_]+)=""(?<value>(\\.|[^""\\])*)""")]
    private static partial Regex LabelPair();
}
