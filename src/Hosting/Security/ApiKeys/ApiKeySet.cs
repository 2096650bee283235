using System.Collections.Frozen;

namespace ForegSyte.Hosting.Security.ApiKeys;

/// <summary>The keys that are known at one time, by their ids. Never changed.</summary>
internal sealed class ApiKeySet
{
    public static readonly ApiKeySet Empty = From([]);

    /// <summary>Whom an unknown id is compared with, so that it takes as long as a known one.</summary>
    private static readonly ApiKeyHash Nobody = ApiKeyHash.Of("");

    private readonly FrozenDictionary<string, Key> _keys;

    private ApiKeySet(IReadOnlyDictionary<string, Key> keys) => _keys = keys.ToFrozenDictionary();

    /// <summary>The keys of these entries.</summary>
    /// <exception cref="FormatException">An entry is not right; the message names it and says why.</exception>
    public static ApiKeySet From(IEnumerable<ApiKeyEntry> entries)
    {
        var keys = new Dictionary<string, Key>();
        foreach (var (index, entry) in entries.Index())
        {
            if (!ApiKeyText.IsId(entry.Id))
            {
                throw new FormatException(
                    $"The key at place {index} needs an id of lower-case letters, digits and hyphens, at most 40.");
            }

            if (!ApiKeyHash.TryParse(entry.Hash, out var hash))
            {
                throw new FormatException(
                    $"The key {entry.Id} needs a hash, sha256:SALT:HASH; \"JobService keys new\" prints one.");
            }

            var grant = CallerGrant.Parse($"The key {entry.Id}", entry.Tenant, entry.Permissions);
            var key = new Key(new Caller($"key:{entry.Id}", grant.Tenant, grant.Permissions), hash, entry.ExpiresAt);
            if (!keys.TryAdd(entry.Id, key))
            {
                throw new FormatException($"There are two keys with the id {entry.Id}.");
            }
        }

        return new ApiKeySet(keys);
    }

    /// <summary>Whether there is a key with this id.</summary>
    public bool Has(string id) => _keys.ContainsKey(id);

    /// <summary>The caller who has a key.</summary>
    /// <exception cref="CredentialException">No key, another secret, or expired.</exception>
    public Caller Identify(ApiKeyText text, DateTimeOffset now)
    {
        var isKnown = _keys.TryGetValue(text.Id, out var key);
        var matches = (key?.Hash ?? Nobody).Matches(text.Secret);
        if (!isKnown || !matches)
        {
            throw CredentialException.UnknownKey();
        }

        return key!.ExpiresAt is { } end && end <= now ? throw CredentialException.Expired("The API key") : key.Caller;
    }

    private sealed record Key(Caller Caller, ApiKeyHash Hash, DateTimeOffset? ExpiresAt);
}
