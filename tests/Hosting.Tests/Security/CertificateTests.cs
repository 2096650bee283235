using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ForegSyte.Hosting.Security;
using ForegSyte.Hosting.Security.Certificates;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Options;
using Contract = ForegSyte.V1.JobService;

namespace ForegSyte.Hosting.Tests.Security;

/// <summary>Callers with client certificates.</summary>
public sealed class CertificateTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestCertificates _authority;

    public CertificateTests() => _authority = new TestCertificates(_folder.Path);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("none", "UNAUTHENTICATED")]
    [InlineData("read", AccessOutcome.Allowed)]
    [InlineData("submit", "PERMISSION_DENIED")]
    [InlineData("admin", AccessOutcome.Allowed)]
    [InlineData("other", AccessOutcome.Allowed)]
    public async Task Call_WithACertificate_HasThePermissionsOfItsName(string caller, string expected)
    {
        using var setup = AccessSetup.MutualTls();
        await using var server = await TestServer.StartAsync([.. setup.Settings]);
        var address = new UriBuilder(server.Address) { Host = "localhost" }.Uri;
        using var channel = AccessOutcome.ChannelOf(address, setup.Callers[caller]);

        var outcome = await AccessOutcome.OfAsync(options =>
            new Contract.JobServiceClient(channel).GetJobAsync(new GetJobRequest { JobId = "a" }, options)
                .ResponseAsync);

        Assert.Equal(expected, outcome);
    }

    [Theory]
    [InlineData("none", "missing", "no credentials")]
    [InlineData("wrong", "unknown", "not signed")]
    [InlineData("expired", "expired", "client certificate has expired")]
    public async Task Call_WithoutATrustedCertificate_IsRefusedWithTheProblem(
        string caller, string problem, string part)
    {
        using var setup = AccessSetup.MutualTls();
        await using var server = await TestServer.StartAsync([.. setup.Settings]);
        var address = new UriBuilder(server.Address) { Host = "localhost" }.Uri;
        using var channel = AccessOutcome.ChannelOf(address, setup.Callers[caller]);

        var refusal = await Refusal.OfAsync(new Contract.JobServiceClient(channel).GetJobAsync(
            new GetJobRequest { JobId = "a" }, cancellationToken: Cancellation));

        Assert.Equal(problem, refusal.Info.Metadata["problem"]);
        Assert.Contains(part, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_WithACertificateOfAnUnknownName_IsRefusedAsUnknown()
    {
        var (certificate, key) = _authority.Server();
        await using var server = await TestServer.StartAsync(
            ("Listen:Tls:CertificateFile", certificate), ("Listen:Tls:KeyFile", key),
            ("Listen:Tls:ClientCaFile", _authority.CaFile), ("Security:Certificates:0:Subject", "CN=somebody"),
            ("Security:Certificates:0:Tenant", "a"), ("Security:Certificates:0:Permissions:0", "read"));
        var stranger = _authority.Client("stranger", "CN=stranger");
        using var channel = AccessOutcome.ChannelOf(
            new UriBuilder(server.Address) { Host = "localhost" }.Uri,
            new()
            {
                CaFile = _authority.CaFile,
                CertificateFile = stranger.CertificateFile,
                KeyFile = stranger.KeyFile,
            });

        var refusal = await Refusal.OfAsync(new Contract.JobServiceClient(channel).GetJobAsync(
            new GetJobRequest { JobId = "a" }, cancellationToken: Cancellation));

        Assert.Equal(
            (ErrorReason.Unauthenticated, "unknown"), (refusal.Reason, refusal.Info.Metadata["problem"]));
        Assert.Contains("is not configured", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Find_SubjectOrAnyAlternativeName_IsItsCaller()
    {
        var callers = Callers(
            new CertificateEntry { Subject = "CN=gate,O=Test", Tenant = "a", Permissions = { "read" } },
            new CertificateEntry { San = "URI:spiffe://test/b", Tenant = "b", Permissions = { "submit", "read" } },
            new CertificateEntry { San = "email:client@example.test", Tenant = "c", Permissions = { "admin" } },
            new CertificateEntry { San = "DNS:localhost", Tenant = "d", Permissions = { "read" } });

        // The subject in another spelling, and before alternative names.
        Assert.Equal(
            new Caller("certificate:CN=gate, O=Test", "a", CallerPermissions.Read),
            Find(_authority.Client("one", "CN=gate, O=Test", "spiffe://test/b")));
        Assert.Equal(
            new Caller("certificate:email:client@example.test", "c", CallerPermissions.Admin),
            Find(_authority.Client("two", "CN=x")));
        Assert.Equal("d", Find(_authority.Server())?.Tenant);

        Caller? Find((string CertificateFile, string KeyFile) files)
        {
            using var certificate = X509CertificateLoader.LoadCertificateFromFile(files.CertificateFile);
            return callers.Find(certificate);
        }
    }

    [Fact]
    public void Find_OtherOrMalformedNames_IsNobody()
    {
        // The kind of a name counts: a DNS name is no URI.
        var callers = Callers(
            new CertificateEntry { Subject = "CN=gate", Tenant = "a", Permissions = { "read" } },
            new CertificateEntry { San = "URI:localhost", Tenant = "a", Permissions = { "read" } });

        using var server = X509CertificateLoader.LoadCertificateFromFile(_authority.Server().CertificateFile);
        Assert.Null(callers.Find(server));

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=x", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509Extension("2.5.29.17", [0x30, 0x05, 0x82], critical: false));
        var now = TimeProvider.System.GetUtcNow();
        using var malformed = request.CreateSelfSigned(now, now.AddDays(1));
        Assert.Empty(AlternativeNames.Of(malformed));
        Assert.Null(callers.Find(malformed));
    }

    [Fact]
    public void Names_OfAnyKind_AreReadInTheirOrder()
    {
        using var server = X509CertificateLoader.LoadCertificateFromFile(_authority.Server().CertificateFile);
        using var client = X509CertificateLoader.LoadCertificateFromFile(
            _authority.Client("client", "CN=x", "spiffe://test/b").CertificateFile);

        // The certificate of the server has an IP address too.
        Assert.Equal(["DNS:localhost"], AlternativeNames.Of(server));
        Assert.Equal(["email:client@example.test", "URI:spiffe://test/b"], AlternativeNames.Of(client));
    }

    [Theory]
    [InlineData("", "", "either Subject or San")]
    [InlineData("CN=x", "DNS:x", "either Subject or San")]
    [InlineData("no name", "", "distinguished name")]
    public void Callers_InvalidName_IsRefusedWithItsIndex(string subject, string san, string expected)
    {
        var failure = Assert.Throws<FormatException>(() => Callers(
            new CertificateEntry { Subject = "CN=first", Tenant = "a", Permissions = { "read" } },
            new CertificateEntry { Subject = subject, San = san, Tenant = "a", Permissions = { "read" } }));

        Assert.Contains("Security:Certificates:1", failure.Message, StringComparison.Ordinal);
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Callers_RepeatedNameOrNoGrant_IsRefused()
    {
        var entry = new CertificateEntry { San = "DNS:x", Tenant = "a", Permissions = { "read" } };

        Assert.Contains(
            "Security:Certificates:1 repeats the name DNS:x",
            Assert.Throws<FormatException>(() => Callers(entry, entry)).Message, StringComparison.Ordinal);
        Assert.Throws<FormatException>(() => Callers(new CertificateEntry { San = "DNS:x", Tenant = "a" }));
        Assert.Throws<FormatException>(() => Callers(
            new CertificateEntry { San = "DNS:x", Tenant = "a b", Permissions = { "read" } }));
    }

    [Fact]
    public void Trusts_CertificateOfTheAuthority_ForItsUseAlone()
    {
        var trust = CertificateTrust.Parse(File.ReadAllBytes(_authority.CaFile));
        using var client = Load(_authority.Client("client", "CN=x"));
        using var server = Load(_authority.Server());

        Assert.True(trust.TrustsClient(client), "The client certificate is not trusted.");
        Assert.True(trust.TrustsServer(server, []), "The server certificate is not trusted.");
        Assert.False(trust.TrustsClient(server), "A server certificate is trusted as that of a client.");
        Assert.False(trust.TrustsServer(client, []), "A client certificate is trusted as that of a server.");
    }

    [Fact]
    public void Trusts_ExpiredOrForeignCertificate_IsFalse()
    {
        using var others = new TestCertificates(_folder.Path, "others");
        var trust = CertificateTrust.Parse(File.ReadAllBytes(_authority.CaFile));
        using var expired = Load(_authority.Client("expired", "CN=x", isExpired: true));
        using var foreign = Load(others.Client("foreign", "CN=x"));

        Assert.False(trust.TrustsClient(expired), "An expired certificate is trusted.");
        Assert.False(trust.TrustsClient(foreign), "A certificate of another authority is trusted.");
        Assert.True(
            CertificateTrust.Parse([.. File.ReadAllBytes(_authority.CaFile), .. File.ReadAllBytes(others.CaFile)])
                .TrustsClient(foreign),
            "The second authority of a file is not trusted.");
    }

    [Theory]
    [InlineData("", "no PEM certificate")]
    [InlineData("no PEM", "no PEM certificate")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "malformed")]
    public void Parse_FileWithoutAnAuthority_IsRefused(string file, string problem) => Assert.Contains(
        problem,
        Assert.Throws<FormatException>(() => CertificateTrust.Parse(System.Text.Encoding.UTF8.GetBytes(file))).Message,
        StringComparison.Ordinal);

    [Fact]
    public void CipherSuites_OnLinux_AreAllAuthenticated()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has a policy for each connection.");
        if (OperatingSystem.IsLinux())
        {
            var suites = TlsCipherSuites.Policy!.AllowedCipherSuites.Select(suite => suite.ToString()).ToList();
            Assert.Equal(9, suites.Count);
            Assert.All(suites, suite => Assert.Matches("GCM|POLY1305", suite));
        }
    }

    [Fact]
    public void Parse_CertificateAndKey_MustBelongTogether()
    {
        var (certificate, key) = _authority.Server();
        var foreign = _authority.Server("foreign");
        var (pem, keyPem) = (File.ReadAllBytes(certificate), File.ReadAllBytes(key));

        Assert.True(PemCertificate.Parse([pem, keyPem]).Certificate.HasPrivateKey, "There is no private key.");
        Assert.True(
            PemCertificate.Parse([[.. pem, .. keyPem]]).Certificate.HasPrivateKey,
            "There is no private key from the same file.");
        Assert.Throws<FormatException>(() => PemCertificate.Parse([pem, File.ReadAllBytes(foreign.KeyFile)]));
        Assert.Contains(
            "unencrypted private key", Assert.Throws<FormatException>(() => PemCertificate.Parse([pem])).Message,
            StringComparison.Ordinal);
    }

    /// <summary>The authorities of a service often sign with an intermediate certificate.</summary>
    [Fact]
    public void Intermediates_OfAServer_AreSentAndTrustedThroughTheirAuthority()
    {
        var now = TimeProvider.System.GetUtcNow();
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var middleKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var root = Request("root", rootKey, isAuthority: true).CreateSelfSigned(now.AddDays(-2), now.AddDays(2));
        using var signed = Request("middle", middleKey, isAuthority: true)
            .Create(root, now.AddDays(-1), now.AddDays(1), [1]);
        using var middle = signed.CopyWithPrivateKey(middleKey);
        using var leaf = Request("leaf", leafKey, isAuthority: false).Create(middle, now, now.AddHours(1), [2]);
        var trust = CertificateTrust.Parse(Pem(root));

        Assert.True(trust.TrustsServer(leaf, [signed]), "The certificate is not trusted.");
        Assert.False(trust.TrustsServer(leaf, []), "The certificate is trusted without its intermediate.");
        byte[] key = System.Text.Encoding.ASCII.GetBytes(leafKey.ExportPkcs8PrivateKeyPem());
        var parsed = PemCertificate.Parse([[.. Pem(leaf), (byte)'\n', .. Pem(signed)], key]);
        Assert.Equal("CN=leaf", parsed.Certificate.Subject);
        Assert.Equal(["CN=middle"], parsed.Context.IntermediateCertificates.Select(sent => sent.Subject));

        static byte[] Pem(X509Certificate2 certificate) =>
            System.Text.Encoding.ASCII.GetBytes(certificate.ExportCertificatePem());

        static CertificateRequest Request(string name, ECDsa key, bool isAuthority)
        {
            var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, true));
            return request;
        }
    }

    private static X509Certificate2 Load((string CertificateFile, string KeyFile) files) =>
        X509CertificateLoader.LoadCertificateFromFile(files.CertificateFile);

    private static CertificateCallers Callers(params CertificateEntry[] entries)
    {
        var options = new SecurityOptions();
        foreach (var entry in entries)
        {
            options.Certificates.Add(entry);
        }

        return new CertificateCallers(Options.Create(options));
    }
}
