namespace ForegSyte.Protocol.OpenApi;

/// <summary>
/// The OpenAPI document of the contracts for HTTP with JSON, which `make contracts` generates from the protos.
/// </summary>
public static class OpenApiDocument
{
    /// <summary>The document as JSON.</summary>
    public static string Json { get; } = Read();

    private static string Read()
    {
        using var document = typeof(OpenApiDocument).Assembly.GetManifestResourceStream("openapi.json")!;
        using var reader = new StreamReader(document);
        return reader.ReadToEnd();
    }
}
