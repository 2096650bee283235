using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Serialization;
using ForegSyte.Hosting.Configuration;

namespace ForegSyte.Hosting.Security.ApiKeys;

/// <summary>An immutable set of API keys by id.</summary>
internal sealed class ApiKeySet
{
    public static readonly ApiKeySet Empty = From([]);

    /// <summary>Compared with the secret of an unknown id, so that unknown and known ids take the same time.</summary>
    private static readonly ApiKeyHash NoKey = ApiKeyHash.Of("");

    private readonly FrozenDictionary<string, Key> _keys;

    private ApiKeySet(IReadOnlyDictionary<string, Key> keys) => _keys = keys.ToFrozenDictionary();

    /// <summary>Creates a set from entries.</summary>
    /// <exception cref="FormatException">An entry is invalid; the message names it and says why.</exception>
    public static ApiKeySet From(IEnumerable<ApiKeyEntry> entries)
    {
        var keys = new Dictionary<string, Key>();
        foreach (var (index, entry) in entries.Index())
        {
            if (!ApiKeyText.IsId(entry.Id))
            {
                throw new FormatException(
                    $"The key at index {index} needs an id of at most 40 lower-case letters, digits and hyphens.");
            }

            if (!ApiKeyHash.TryParse(entry.Hash, out var hash))
            {
                throw new FormatException(
                    $"The key {entry.Id} needs a hash sha256:SALT:HASH; \"ForegSyte.JobService keys new\" prints one.");
            }

            var grant = CallerGrant.Parse($"The key {entry.Id}", entry.Tenant, entry.Permissions);
            var key = new Key(new Caller($"key:{entry.Id}", grant.Tenant, grant.Permissions), hash, entry.ExpiresAt);
            if (!keys.TryAdd(entry.Id, key))
            {
                throw new FormatException($"Two keys have the id {entry.Id}.");
            }
        }

        return new ApiKeySet(keys);
    }

    /// <summary>Whether the set has a key with this id.</summary>
    public bool Has(string id) => _keys.ContainsKey(id);

    /// <summary>Finds the caller of a key.</summary>
    /// <exception cref="CredentialException">The key is unknown, has a different secret, or has expired.</exception>
    public Caller Identify(ApiKeyText text, DateTimeOffset now)
    {
        var isKnown = _keys.TryGetValue(text.Id, out var key);
        var matches = (key?.Hash ?? NoKey).Matches(text.Secret);
        if (!isKnown || !matches)
        {
            throw CredentialException.UnknownKey();
        }

        return key!.ExpiresAt is { } end && end <= now
            ? throw CredentialException.Expired("The API key", key.Caller.Id)
            : key.Caller;
    }

    private sealed record Key(Caller Caller, ApiKeyHash Hash, DateTimeOffset? ExpiresAt);
}

/// <summary>
/// The configuration of an API key, in Security:ApiKeys or in "keys" of Security:ApiKeysFile. The command "keys new"
/// prints one.
/// </summary>
public sealed class ApiKeyEntry
{
    /// <value>Id of the key in the key itself and in the audit log: lower-case letters, digits and hyphens.</value>
    public string Id { get; set; } = "";

    /// <value>Tenant of the holder.</value>
    public string Tenant { get; set; } = "";

    /// <value>Any of submit, read and admin.</value>
    public IList<string> Permissions { get; set; } = [];

    /// <value>Salted hash of the secret: "sha256:SALT:HASH".</value>
    [Secret]
    public string Hash { get; set; } = "";

    /// <value>Expiry; null for none.</value>
    public DateTimeOffset? ExpiresAt { get; set; }
}

/// <summary>
/// The file of API keys: {"keys": [{"id", "tenant", "permissions", "hash", "expires_at"}, …]}. Unknown properties are
/// errors: a misspelt expires_at would otherwise create a key without expiry.
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
        RespectNullableAnnotations = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
    };

    /// <summary>Parses the file.</summary>
    /// <exception cref="FormatException">The file is invalid; the message contains no secret.</exception>
    public static ApiKeySet Parse(ReadOnlySpan<byte> content)
    {
        try
        {
            return ApiKeySet.From(Read(content));
        }
        catch (JsonException failure)
        {
            throw new FormatException($"The file is not a valid list of API keys: {failure.Message}", failure);
        }
    }

    /// <summary>The entries of a valid file.</summary>
    /// <exception cref="FormatException">The file is invalid; the message contains no secret.</exception>
    public static IReadOnlyList<ApiKeyEntry> ReadEntries(ReadOnlySpan<byte> content)
    {
        Parse(content);
        return Read(content);
    }

    /// <summary>Reads what <see cref="Write"/> formatted.</summary>
    public static ApiKeyEntry ReadEntry(string entry) => JsonSerializer.Deserialize<ApiKeyEntry>(entry, Format)!;

    /// <summary>Formats a whole file.</summary>
    public static byte[] WriteFile(IReadOnlyList<ApiKeyEntry> entries) =>
        [.. JsonSerializer.SerializeToUtf8Bytes(new Document { Keys = entries }, Format), (byte)'\n'];

    /// <summary>Formats an entry for the file.</summary>
    public static string Write(ApiKeyEntry entry) => JsonSerializer.Serialize(entry, Format);

    /// <summary>The serializer checks properties for null, but not the elements of lists.</summary>
    private static IReadOnlyList<ApiKeyEntry> Read(ReadOnlySpan<byte> content)
    {
        var entries = JsonSerializer.Deserialize<Document>(content, Format)?.Keys ?? [];
        return entries.Any(entry => entry is null || entry.Permissions.Contains(null!))
            ? throw new JsonException("An element of a list is null.")
            : entries;
    }

    private sealed class Document
    {
        public IReadOnlyList<ApiKeyEntry> Keys { get; set; } = [];
    }
}
