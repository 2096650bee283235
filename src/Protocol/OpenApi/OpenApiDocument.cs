namespace ForegSyte.Protocol.OpenApi;

/// <summary>
/// The contracts as OpenAPI, for HTTP with JSON: openapi.json, which `make contracts` makes from the protos.
/// </summary>
public static class OpenApiDocument
{
    /// <summary>The document.</summary>
    public static string Json { get; } = Read();

    private static string Read()
    {
        using var document = typeof(OpenApiDocument).Assembly.GetManifestResourceStream("openapi.json")!;
        using var reader = new StreamReader(document);
        return reader.ReadToEnd();
    }
}
