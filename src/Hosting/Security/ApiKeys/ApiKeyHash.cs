using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace ForegSyte.Hosting.Security.ApiKeys;

/// <summary>
/// What is kept of a key: "sha256:SALT:HASH" in base64url, the SHA-256 of 16 bytes of salt and then the secret. One
/// round is enough and has to be: the secret has 256 random bits, which no dictionary holds, and a slow hash would let
/// anybody keep the processors busy with keys that are wrong.
/// </summary>
internal sealed class ApiKeyHash
{
    private const string Scheme = "sha256";
    private const int SaltBytes = 16;

    private readonly byte[] _salt;
    private readonly byte[] _hash;

    private ApiKeyHash(byte[] salt, byte[] hash) => (_salt, _hash) = (salt, hash);

    /// <summary>The hash of a secret, with a salt of its own.</summary>
    public static ApiKeyHash Of(string secret)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return new ApiKeyHash(salt, Hash(salt, secret));
    }

    /// <summary>Reads a hash; false where it does not have the form of one.</summary>
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

    /// <summary>Whether a secret is the right one. How long that takes tells nothing of where they differ.</summary>
    public bool Matches(string secret) => CryptographicOperations.FixedTimeEquals(Hash(_salt, secret), _hash);

    /// <summary>The text form.</summary>
    public override string ToString() =>
        $"{Scheme}:{Base64Url.EncodeToString(_salt)}:{Base64Url.EncodeToString(_hash)}";

    private static byte[] Hash(byte[] salt, string secret) =>
        SHA256.HashData([.. salt, .. Encoding.UTF8.GetBytes(secret)]);
}
