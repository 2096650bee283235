namespace ForegSyte.Hosting.Listening;

/// <summary>A feature of connections to the port for health checks, which serves nothing else.</summary>
internal sealed class HealthConnection
{
    public static readonly HealthConnection Instance = new();
}
