using System.Text.Json;
using System.Text.Json.Serialization;

namespace ForegSyte.Hosting.Security.ApiKeys;

/// <summary>
/// The file of API keys: {"keys": [{"id", "tenant", "permissions", "hash", "expires_at"}, …]}. A property that is not
/// known refuses the file: a misspelt expires_at would otherwise be a key for ever.
/// </summary>
internal static class ApiKeyFile
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        AllowDuplicateProperties = false,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
    };

    /// <summary>Reads the file.</summary>
    /// <exception cref="FormatException">It is not right; the message holds nothing of a secret.</exception>
    public static ApiKeySet Parse(ReadOnlySpan<byte> content)
    {
        try
        {
            return ApiKeySet.From(JsonSerializer.Deserialize<Document>(content, Format)?.Keys ?? []);
        }
        catch (JsonException failure)
        {
            throw new FormatException($"It is no file of API keys: {failure.Message}", failure);
        }
    }

    /// <summary>An entry as it is put into the file.</summary>
    public static string Write(ApiKeyEntry entry) => JsonSerializer.Serialize(entry, Format);

    private sealed class Document
    {
        public IReadOnlyList<ApiKeyEntry> Keys { get; set; } = [];
    }
}
