using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ForegSyte.Hosting.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace ForegSyte.Hosting.Security.Jwt;

/// <summary>Public keys of an issuer, from a JWKS (RFC 7517) or from PEM with public keys or certificates.</summary>
/// <param name="Keys">At least one key.</param>
internal sealed record SigningKeys(IReadOnlyList<SecurityKey> Keys)
{
    /// <summary>Parses a file.</summary>
    /// <exception cref="FormatException">The file contains no public key.</exception>
    public static SigningKeys Parse(ReadOnlySpan<byte> content)
    {
        var text = Encoding.UTF8.GetString(content);
        var keys = text.TrimStart().StartsWith('{') ? FromJwks(text) : FromPem(text);
        return keys.Count > 0
            ? new SigningKeys(keys)
            : throw new FormatException("The file has no public key. It must be a JWKS or PEM.");
    }

    private static List<SecurityKey> FromJwks(string text)
    {
        try
        {
            // Symmetric keys are excluded: anyone who knows one could create tokens.
            return
            [
                .. new JsonWebKeySet(text).Keys.Where(key =>
                    key.Kty is JsonWebAlgorithmsKeyTypes.RSA or JsonWebAlgorithmsKeyTypes.EllipticCurve
                    && key.Use is null or "" or JsonWebKeyUseNames.Sig),
            ];
        }
        catch (Exception failure) when (failure is ArgumentException or System.Text.Json.JsonException)
        {
            throw new FormatException("The file is not a valid JWKS.", failure);
        }
    }

    private static List<SecurityKey> FromPem(string text)
    {
        var keys = new List<SecurityKey>();
        var rest = text.AsSpan();
        try
        {
            while (PemEncoding.TryFind(rest, out var fields))
            {
                keys.Add(FromPem(rest[fields.Label].ToString(), rest[fields.Location]));
                rest = rest[fields.Location.End..];
            }
        }
        catch (CryptographicException failure)
        {
            throw new FormatException("A key in the file is malformed.", failure);
        }

        return keys;
    }

    private static SecurityKey FromPem(string label, ReadOnlySpan<char> pem)
    {
        if (label == "CERTIFICATE")
        {
            return new X509SecurityKey(X509Certificate2.CreateFromPem(pem));
        }

        if (label != "PUBLIC KEY" && label != "RSA PUBLIC KEY")
        {
            throw new FormatException("The file must contain only public keys and certificates, no private keys.");
        }

        var rsa = RSA.Create();
        try
        {
            rsa.ImportFromPem(pem);
            return new RsaSecurityKey(rsa);
        }
        catch (CryptographicException)
        {
            rsa.Dispose();
            var ecdsa = ECDsa.Create();
            ecdsa.ImportFromPem(pem);
            return new ECDsaSecurityKey(ecdsa);
        }
    }
}

/// <summary>
/// The issuer's keys from Security:Jwt:KeysFile, reloaded when it changes; none if they come from metadata.
/// </summary>
internal sealed class JwtKeys : IDisposable
{
    private readonly WatchedFile<SigningKeys>? _file;

    public JwtKeys(
        IOptions<JwtOptions> options, IOptions<SecurityOptions> security, TimeProvider time, ILogger<JwtKeys> logger)
    {
        if (options.Value.KeysFile is { Length: > 0 } path)
        {
            _file = new WatchedFile<SigningKeys>(
                "Security:Jwt:KeysFile", [path], contents => SigningKeys.Parse(contents[0]),
                security.Value.FilePollInterval, time, logger);
        }
    }

    /// <summary>The current keys.</summary>
    public IEnumerable<SecurityKey> Current => _file?.Current.Keys ?? [];

    /// <inheritdoc />
    public void Dispose() => _file?.Dispose();
}
