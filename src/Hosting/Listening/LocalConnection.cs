namespace ForegSyte.Hosting.Listening;

/// <summary>A feature of connections over the Unix socket.</summary>
internal sealed class LocalConnection
{
    public static readonly LocalConnection Instance = new();
}
