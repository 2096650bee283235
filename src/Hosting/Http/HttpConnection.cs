namespace ForegSyte.Hosting.Http;

/// <summary>A feature of connections to the port for HTTP with JSON, which serves no gRPC.</summary>
internal sealed class HttpConnection
{
    public static readonly HttpConnection Instance = new();
}
