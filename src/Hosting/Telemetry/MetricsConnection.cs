namespace ForegSyte.Hosting.Telemetry;

/// <summary>A feature of connections to the port for metrics, which serves nothing else.</summary>
internal sealed class MetricsConnection
{
    public static readonly MetricsConnection Instance = new();
}
