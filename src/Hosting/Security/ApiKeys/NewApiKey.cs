namespace ForegSyte.Hosting.Security.ApiKeys;

/// <summary>A key that was just made.</summary>
/// <param name="Key">The key, for its holder: it is shown once and nowhere kept.</param>
/// <param name="Entry">The entry for Security:ApiKeysFile, as JSON.</param>
public sealed record NewApiKey(ApiKeyText Key, string Entry)
{
    /// <summary>Makes a key.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="tenant">Whom the holder's jobs belong to.</param>
    /// <param name="permissions">Any of submit, read and admin.</param>
    /// <param name="expiresAt">When it ends; null for never.</param>
    /// <exception cref="FormatException">An argument is not right; the message says which.</exception>
    public static NewApiKey Make(
        string id, string tenant, IReadOnlyList<string> permissions, DateTimeOffset? expiresAt)
    {
        if (!ApiKeyText.IsId(id))
        {
            throw new FormatException("The id has to be lower-case letters, digits and hyphens, at most 40.");
        }

        CallerGrant.Parse($"The key {id}", tenant, permissions);
        var key = ApiKeyText.New(id);
        var entry = new ApiKeyEntry
        {
            Id = id,
            Tenant = tenant,
            Permissions = [.. permissions],
            Hash = ApiKeyHash.Of(key.Secret).ToString(),
            ExpiresAt = expiresAt,
        };
        return new NewApiKey(key, ApiKeyFile.Write(entry));
    }
}
