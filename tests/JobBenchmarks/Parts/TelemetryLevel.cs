namespace ForegSyte.JobBenchmarks.Parts;

/// <summary>How much the services export.</summary>
/// <param name="Name">For people.</param>
/// <param name="Settings">What sets it.</param>
internal sealed record TelemetryLevel(string Name, IReadOnlyDictionary<string, string> Settings)
{
    /// <summary>Nothing: the default.</summary>
    public static TelemetryLevel Off { get; } = new("off", new Dictionary<string, string>());

    /// <summary>Metrics, sent far more often than usual.</summary>
    public static TelemetryLevel MetricsTo(Uri collector) => new("metrics", new Dictionary<string, string>
    {
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.ToString(),
        ["OTEL_METRIC_EXPORT_INTERVAL"] = "1000",
        ["OTEL_TRACES_EXPORTER"] = "none",
    });

    /// <summary>The same and every trace.</summary>
    public static TelemetryLevel AllTo(Uri collector) => new("metrics and all traces", new Dictionary<string, string>
    {
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.ToString(),
        ["OTEL_METRIC_EXPORT_INTERVAL"] = "1000",
    });
}
