namespace ForegSyte.EndToEnd.Tests.Telemetry;

/// <summary>A metric of a page.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">"counter", "gauge" or "histogram".</param>
/// <param name="Help">What it is.</param>
/// <param name="Labels">Names of its labels, but for that of its meter.</param>
public sealed record MetricFamily(string Name, string Type, string Help, IReadOnlyCollection<string> Labels)
{
    /// <summary>The names that a query may use.</summary>
    public IEnumerable<string> SeriesNames => Type == "histogram"
        ? [Name + "_bucket", Name + "_sum", Name + "_count"]
        : [Name];

    /// <summary>The unit, which its name ends with.</summary>
    public string Unit => Name.Contains("_seconds", StringComparison.Ordinal) ? "seconds"
        : Name.Contains("_bytes", StringComparison.Ordinal) ? "bytes"
        : "number";
}
