using System.Security.Cryptography;
using System.Text;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Security;
using ForegSyte.Hosting.Security.Jwt;
using ForegSyte.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace ForegSyte.Hosting.Tests.Security;

/// <summary>Files with the public keys of an issuer.</summary>
public sealed class SigningKeysTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public void Dispose()
    {
        _key.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Parse_JwksAndPem_HasTheirPublicKeys()
    {
        using var rsa = RSA.Create(2048);
        var pem = $"{_key.ExportSubjectPublicKeyInfoPem()}\n{rsa.ExportSubjectPublicKeyInfoPem()}\n";

        Assert.Equal(2, Parse(pem).Count);
        Assert.Single(Parse(Jwks(_key)));
        using var certificates = new TestCertificates(_folder.Path);
        Assert.Single(Parse(File.ReadAllText(certificates.CaFile)));
    }

    [Fact]
    public void Parse_FileWithoutAPublicKey_IsRefusedWithTheProblem()
    {
        foreach (var (file, problem) in new[]
        {
            (_key.ExportPkcs8PrivateKeyPem(), "no private keys"), ("", "no public key"),
            ("{\"keys\": []}", "no public key"), ("{\"keys\": 5}", "not a valid JWKS"),
            ("{\"keys\": [{\"kty\": \"oct\", \"k\": \"AAAA\"}]}", "no public key"),
            ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "malformed"),
        })
        {
            var failure = Assert.Throws<FormatException>(() => Parse(file));
            Assert.Contains(problem, failure.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>The service must not verify tokens with keys that are for encryption.</summary>
    [Fact]
    public void Parse_KeyForAnotherUse_IsLeftOut()
    {
        var encryption = Jwks(_key).Replace("\"sig\"", "\"enc\"", StringComparison.Ordinal);
        Assert.Throws<FormatException>(() => Parse(encryption));

        foreach (var anyUse in new[] { "", "\"use\": \"\", " })
        {
            var jwks = Jwks(_key).Replace("\"use\": \"sig\", ", anyUse, StringComparison.Ordinal);
            Assert.Single(Parse($" \n{jwks}"));
        }
    }

    [Fact]
    public void Parse_RsaKeyOfAnyForm_IsRead()
    {
        using var rsa = RSA.Create(2048);
        foreach (var pem in new[] { rsa.ExportRSAPublicKeyPem(), rsa.ExportSubjectPublicKeyInfoPem() })
        {
            Assert.IsType<RsaSecurityKey>(Assert.Single(Parse(pem)));
        }

        var parameters = rsa.ExportParameters(includePrivateParameters: false);
        Assert.Single(Parse(
            $"{{\"keys\": [{{\"kty\": \"RSA\", \"n\": \"{Base64UrlEncoder.Encode(parameters.Modulus)}\", "
            + $"\"e\": \"{Base64UrlEncoder.Encode(parameters.Exponent)}\"}}]}}"));
    }

    [Fact]
    public void Open_InvalidFile_IsRefusedWithTheSetting()
    {
        File.WriteAllText(_folder.File("keys.pem"), "no key");
        var options = Options.Create(new JwtOptions { KeysFile = _folder.File("keys.pem") });

        var failure = Assert.Throws<InvalidFileException>(() => new JwtKeys(
            options, Options.Create(new SecurityOptions()), TimeProvider.System, NullLogger<JwtKeys>.Instance));

        Assert.StartsWith("Security:Jwt:KeysFile", failure.Message, StringComparison.Ordinal);
    }

    /// <summary>A set with one key for signatures.</summary>
    internal static string Jwks(ECDsa key)
    {
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        return $"{{\"keys\": [{{\"kty\": \"EC\", \"crv\": \"P-256\", \"use\": \"sig\", "
            + $"\"x\": \"{Base64UrlEncoder.Encode(point.X)}\", \"y\": \"{Base64UrlEncoder.Encode(point.Y)}\"}}]}}";
    }

    private static IReadOnlyList<SecurityKey> Parse(string file) =>
        SigningKeys.Parse(Encoding.UTF8.GetBytes(file)).Keys;
}
