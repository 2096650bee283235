using System.Text.Json;
using ForegSyte.Testing;

namespace ForegSyte.Client.Tests.Sdk;

public sealed class CredentialsTests
{
    private const string Key = "fgs_ci-1.secret";
    private static readonly Uri Remote = new("http://host.test:5200");

    public static TheoryData<Uri, ClientCredentials, string> Invalid => new()
    {
        { Remote, new() { ApiKey = Key }, "AllowUnencrypted" },
        { Remote, new() { BearerToken = _ => ValueTask.FromResult("token") }, "AllowUnencrypted" },
        { Remote, new() { ApiKey = "" }, "ApiKey" },
        { Remote, new() { ApiKey = "two words" }, "ApiKey" },
        { Remote, new() { ApiKey = Key, BearerToken = _ => ValueTask.FromResult("token") }, "BearerToken" },
        { Remote, new() { ApiKeyProvider = _ => ValueTask.FromResult(Key) }, "AllowUnencrypted" },
        { Remote, new() { ApiKey = Key, ApiKeyFile = "/key" }, "ApiKey and ApiKeyFile" },
        { Remote, new() { ApiKeyFile = "/nowhere/key" }, "ApiKeyFile '/nowhere/key' cannot be read" },
        { Remote, new() { CaFile = "/ca.pem" }, "https" },
        { new("https://host.test"), new() { KeyFile = "/key.pem" }, "CertificateFile" },
        { new("https://host.test"), new() { CaFile = "/nowhere/ca.pem" }, "CaFile" },
        { new("https://host.test"), new() { CertificateFile = "/nowhere/client.pem" }, "CertificateFile" },
    };

    public static TheoryData<Uri, ClientCredentials> Valid => new()
    {
        { Remote, new() { ApiKey = Key, AllowUnencrypted = true } },
        { new("http://127.0.0.1:5200"), new() { ApiKey = Key } },
        { new("http://localhost:5200"), new() { ApiKey = Key } },
        { new("http://localhost:5200"), new() { ApiKeyProvider = _ => ValueTask.FromResult(Key) } },
        { new("unix:/run/jobs.sock"), new() { ApiKey = Key } },
        { new("https://host.test"), new() { ApiKey = Key } },
    };

    [Theory]
    [MemberData(nameof(Invalid))]
    public void Construct_InvalidCombination_FailsWithoutTheSecret(
        Uri address, ClientCredentials credentials, string part)
    {
        var failure = Assert.Throws<ArgumentException>(() => Open(address, credentials));

        Assert.Contains(part, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Valid))]
    public async Task Construct_ValidCombination_IsAcceptedAndHidden(Uri address, ClientCredentials credentials)
    {
        await using var client = Open(address, credentials);

        var options = new ForegSyteClientOptions { Address = address, Credentials = credentials };
        Assert.DoesNotContain("secret", options.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("secret", JsonSerializer.Serialize(credentials), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("two secret words")]
    [InlineData("secret\nsecret")]
    public void Construct_ApiKeyFileWithoutAKey_FailsWithoutItsContent(string content)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("key"), content);

        var failure = Assert.Throws<ArgumentException>(
            () => Open(Remote, new ClientCredentials { ApiKeyFile = folder.File("key") }));

        Assert.Contains("ApiKeyFile", failure.Message, StringComparison.Ordinal);
        Assert.Contains("has no API key", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Construct_SecretForAReplicaWithoutTls_Fails()
    {
        var options = new ForegSyteClientOptions
        {
            Address = new Uri("http://127.0.0.1:5200"),
            Replicas = [Remote],
            Credentials = new ClientCredentials { ApiKey = Key },
        };

        var failure = Assert.Throws<ArgumentException>(() => new ForegSyteClient(options));

        Assert.Contains(Remote.ToString(), failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Construct_CaFileWithoutACertificate_Fails()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("ca.pem"), "no PEM");

        var failure = Assert.Throws<ArgumentException>(
            () => Open(new Uri("https://host.test"), new ClientCredentials { CaFile = folder.File("ca.pem") }));

        Assert.Contains("has no certificate", failure.Message, StringComparison.Ordinal);
    }

    private static ForegSyteClient Open(Uri address, ClientCredentials credentials) =>
        new(new ForegSyteClientOptions { Address = address, Credentials = credentials });
}
