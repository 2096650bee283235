using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace ForegSyte.Hosting.Security.ApiKeys;

/// <summary>
/// An API key in plain text: "fgs_ID.SECRET". The prefix lets secret scanners find leaked keys; the id finds the entry
/// and may be logged; the secret has 256 random bits.
/// </summary>
/// <param name="Id">Lower-case letters, digits and hyphens, at most 40.</param>
/// <param name="Secret">32 random bytes as base64url.</param>
public sealed partial record ApiKeyText(string Id, string Secret)
{
    /// <summary>Prefix of every key.</summary>
    public const string Prefix = "fgs_";

    private const int SecretBytes = 32;
    private const int SecretLength = 43;

    /// <summary>Creates a key with a random secret.</summary>
    public static ApiKeyText New(string id) =>
        new(id, Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes)));

    /// <summary>Whether the text is a valid id.</summary>
    public static bool IsId(string text) => IdForm().IsMatch(text);

    /// <summary>Parses a key; false if the text is not one.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out ApiKeyText? key)
    {
        key = null;
        if (!text.StartsWith(Prefix, StringComparison.Ordinal)
            || text.IndexOf('.', StringComparison.Ordinal) is not (> 0 and var dot)
            || text.Length - dot - 1 != SecretLength || !IsId(text[Prefix.Length..dot]))
        {
            return false;
        }

        key = new ApiKeyText(text[Prefix.Length..dot], text[(dot + 1)..]);
        return true;
    }

    /// <summary>The full key, including the secret.</summary>
    public string Reveal() => $"{Prefix}{Id}.{Secret}";

    /// <summary>The id without the secret, so that a secret never reaches a log by accident.</summary>
    public override string ToString() => $"{Prefix}{Id}.…";

    [GeneratedRegex(@"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?\z")]
    private static partial Regex IdForm();
}

/// <summary>
/// The stored form of a secret: "sha256:SALT:HASH" in base64url, where HASH is SHA-256 over 16 bytes of salt and the
/// secret. One round is sufficient, because no dictionary contains 256 random bits; a slow hash would let anyone
/// exhaust the processors with wrong keys.
/// </summary>
internal sealed class ApiKeyHash
{
    private const string Scheme = "sha256";
    private const int SaltBytes = 16;

    private readonly byte[] _salt;
    private readonly byte[] _hash;

    private ApiKeyHash(byte[] salt, byte[] hash) => (_salt, _hash) = (salt, hash);

    /// <summary>Hashes a secret with a new salt.</summary>
    public static ApiKeyHash Of(string secret)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return new ApiKeyHash(salt, Hash(salt, secret));
    }

    /// <summary>Parses the stored form; false if the text is not one.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out ApiKeyHash? hash)
    {
        hash = null;
        if (text.Split(':') is not [Scheme, var saltText, var hashText]
            || !Base64Url.IsValid(saltText, out var saltBytes) || saltBytes != SaltBytes
            || !Base64Url.IsValid(hashText, out var hashBytes) || hashBytes != SHA256.HashSizeInBytes)
        {
            return false;
        }

        hash = new ApiKeyHash(Base64Url.DecodeFromChars(saltText), Base64Url.DecodeFromChars(hashText));
        return true;
    }

    /// <summary>Compares a secret in constant time.</summary>
    public bool Matches(string secret) => CryptographicOperations.FixedTimeEquals(Hash(_salt, secret), _hash);

    /// <summary>The stored form.</summary>
    public override string ToString() =>
        $"{Scheme}:{Base64Url.EncodeToString(_salt)}:{Base64Url.EncodeToString(_hash)}";

    private static byte[] Hash(byte[] salt, string secret) =>
        SHA256.HashData([.. salt, .. Encoding.UTF8.GetBytes(secret)]);
}

/// <summary>A newly created key.</summary>
/// <param name="Key">The key for its holder; it is shown once and stored nowhere.</param>
/// <param name="Entry">The entry for Security:ApiKeysFile as JSON.</param>
public sealed record NewApiKey(ApiKeyText Key, string Entry)
{
    /// <summary>Creates a key.</summary>
    /// <param name="id">Id of the key.</param>
    /// <param name="tenant">Tenant of the holder.</param>
    /// <param name="permissions">Any of submit, read and admin.</param>
    /// <param name="expiresAt">Expiry; null for none.</param>
    /// <exception cref="FormatException">An argument is invalid; the message says which.</exception>
    public static NewApiKey Make(
        string id, string tenant, IReadOnlyList<string> permissions, DateTimeOffset? expiresAt)
    {
        if (!ApiKeyText.IsId(id))
        {
            throw new FormatException("The id must be at most 40 lower-case letters, digits and hyphens.");
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
