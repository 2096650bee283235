using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.IdentityModel.Tokens;

namespace ForegSyte.Hosting.Security.Jwt;

/// <summary>
/// The public keys of an issuer, from a JWKS (RFC 7517) or from PEM with public keys or certificates.
/// </summary>
/// <param name="Keys">At least one.</param>
internal sealed record SigningKeys(IReadOnlyList<SecurityKey> Keys)
{
    /// <summary>Reads a file.</summary>
    /// <exception cref="FormatException">It has no public key that can sign tokens.</exception>
    public static SigningKeys Parse(ReadOnlySpan<byte> content)
    {
        var text = Encoding.UTF8.GetString(content);
        var keys = text.TrimStart().StartsWith('{') ? FromJwks(text) : FromPem(text);
        return keys.Count > 0
            ? new SigningKeys(keys)
            : throw new FormatException("It has no public key: it takes a JWKS, or PEM with keys or certificates.");
    }

    private static List<SecurityKey> FromJwks(string text)
    {
        try
        {
            // Symmetric keys are left out: who knows one could make tokens.
            return
            [
                .. new JsonWebKeySet(text).Keys.Where(key =>
                    key.Kty is JsonWebAlgorithmsKeyTypes.RSA or JsonWebAlgorithmsKeyTypes.EllipticCurve
                    && key.Use is null or "" or JsonWebKeyUseNames.Sig),
            ];
        }
        catch (Exception failure) when (failure is ArgumentException or System.Text.Json.JsonException)
        {
            throw new FormatException("It is no JWKS.", failure);
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
            throw new FormatException("A key in it cannot be read.", failure);
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
            throw new FormatException("It has what is neither a public key nor a certificate. Private keys stay away.");
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
