using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using ForegSyte.Client;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1;
using Microsoft.Extensions.Options;
using Contract = ForegSyte.V1.JobService;
using HealthClient = Grpc.Health.V1.Health.HealthClient;

namespace ForegSyte.Hosting.Tests.Listening;

/// <summary>The endpoints of a host and their TLS.</summary>
public sealed class ListenerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Socket => _folder.File("jobs.sock");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("no credentials are configured", "Listen:Address=0.0.0.0")]
    [InlineData("no credentials are configured", "Listen:Address=::")]
    [InlineData("AllowAnonymous cannot be combined", "Security:AllowAnonymous=true", "Security:ApiKeysFile=/x")]
    [InlineData("Listen:Tls:ClientCaFile needs", "Listen:Tls:ClientCaFile=/x")]
    [InlineData("Listen:Tls:KeyFile needs", "Listen:Tls:KeyFile=/x")]
    [InlineData("Security:Certificates needs Listen:Tls:ClientCaFile", "Security:Certificates:0:Subject=CN=x")]
    [InlineData("no effect without Security", "Listen:Tls:CertificateFile=/x", "Listen:Tls:ClientCaFile=/x")]
    [InlineData("Listen:UnixSocket must be an absolute path", "Listen:UnixSocket=jobs.sock")]
    [InlineData("Security:Jwt needs Issuer and Audience", "Security:Jwt:Issuer=x")]
    [InlineData("Security:Jwt:MetadataAddress must be https", "Security:Jwt:MetadataAddress=http://example.test/")]
    [InlineData("Security:Alow is not a setting", "Security:Alow=true")]
    [InlineData("Security:Jwt:Isuer is not a setting", "Security:Jwt:Isuer=x")]
    [InlineData("Listen:Tls:Cert is not a setting", "Listen:Tls:Cert=x")]
    [InlineData(
        "AllowAnonymous=true to let everyone", "Telemetry:PrometheusPort=0", "Telemetry:PrometheusAddress=::")]
    [InlineData("The section Kestrel", "Kestrel:Endpoints:Open:Url=http://127.0.0.1:0")]
    [InlineData("The section Kestrel", "Kestrel:EndpointDefaults:Protocols=Http1")]
    [InlineData("preferHostingUrls is not supported", "preferHostingUrls=true", "urls=http://127.0.0.1:0")]
    [InlineData("ForwardedHeaders_Enabled is not supported", "ForwardedHeaders_Enabled=true")]
    [InlineData("Http:KnownProxies must be", "Http:KnownProxies:0=proxy.example.org")]
    [InlineData("Telemetry:PrometheusAddress must be an IP address", "Telemetry:PrometheusAddress=localhost")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT must be", "OTEL_EXPORTER_OTLP_ENDPOINT=collector:4317")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT must be", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=4317")]
    [InlineData("OTEL_METRICS_EXPORTER is 'prometheus'", "OTEL_METRICS_EXPORTER=prometheus")]
    public async Task Start_UnsafeOrInvalidSettings_IsRefused(string expected, params string[] settings)
    {
        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => StartAsync(
            [.. settings.Select(setting => setting.Split('=', 2)).Select(parts => (parts[0], parts[1]))]));

        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_InvalidFile_IsRefusedWithItsSetting()
    {
        await File.WriteAllTextAsync(_folder.File("broken"), "no PEM", Cancellation);

        foreach (var setting in new[] { "Security:ApiKeysFile", "Listen:Tls:CertificateFile" })
        {
            var failure = await Assert.ThrowsAsync<InvalidFileException>(
                () => StartAsync((setting, _folder.File("broken"))));
            Assert.StartsWith(setting, failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Start_SecretThatOthersCanRead_IsRefusedWithWhatToDo()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes.");
        using var certificates = new TestCertificates(_folder.Path);
        var (certificate, key) = certificates.Server();
        foreach (var (file, mode, advice) in new[]
        {
            (key, "0644", "chmod 600"), (key, "0604", "chmod 600"), (key, "0660", "chmod 600"),
            (certificate, "0666", "chmod o-w"),
        })
        {
            FileModes.Set(file, mode);

            var failure = await Assert.ThrowsAsync<InvalidFileException>(() => StartAsync(
                ("Listen:Tls:CertificateFile", certificate), ("Listen:Tls:KeyFile", key)));

            Assert.StartsWith("Listen:Tls:CertificateFile", failure.Message, StringComparison.Ordinal);
            Assert.Contains($"mode {mode}", failure.Message, StringComparison.Ordinal);
            Assert.Contains($"Run {advice} {file}", failure.Message, StringComparison.Ordinal);
            FileModes.Set(file, "0600");
        }
    }

    [Fact]
    public async Task UnixSocket_IsForItsOwnerAlone_AndEveryCallOverItIsTheAdmins()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var server = await StartAsync([.. setup.Settings, ("Listen:UnixSocket", Socket), .. NoTcp]);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, new FileInfo(Socket).UnixFileMode);
        Assert.Single(server.Urls);
        using var channel = AccessOutcome.ChannelOf(new Uri($"unix:{Socket}"), new ClientCredentials());
        await ListAsync(channel.CreateCallInvoker());

        // A key takes precedence over the socket.
        using var reader = AccessOutcome.ChannelOf(new Uri($"unix:{Socket}"), setup.Callers["submit"]);
        var refusal = await AccessOutcome.RefusalAsync(new Contract.JobServiceClient(reader).ListPipelinesAsync(
            new ListPipelinesRequest(), cancellationToken: Cancellation));
        Assert.Equal("PERMISSION_DENIED", refusal.Reason);
    }

    [Fact]
    public async Task UnixSocket_LeftByACrash_IsTakenOver_AndOneThatIsUsedIsNot()
    {
        // A socket file without a listener, as after a crash.
        using (var crashed = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            crashed.Bind(new UnixDomainSocketEndPoint(_folder.File("crashed")));
            File.Move(_folder.File("crashed"), Socket);
        }

        await using var server = await StartAsync([("Listen:UnixSocket", Socket), .. NoTcp]);
        var failure = await Assert.ThrowsAnyAsync<IOException>(
            () => StartAsync([("Listen:UnixSocket", Socket), .. NoTcp]));

        Assert.Contains("Another process listens", failure.ToString(), StringComparison.Ordinal);
        using var channel = AccessOutcome.ChannelOf(new Uri($"unix:{Socket}"), new ClientCredentials());
        await ListAsync(channel.CreateCallInvoker());
    }

    [Fact]
    public async Task UnixSocketMode_IsTheConfiguredOne()
    {
        await using var server = await StartAsync(
            [("Listen:UnixSocket", Socket), ("Listen:UnixSocketMode", "660"), .. NoTcp]);

        var mode = new FileInfo(Socket).UnixFileMode;
        Assert.Equal(
            UnixFileMode.None,
            mode & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.UserExecute));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite, mode & (UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }

    [Fact]
    public async Task HealthPort_ServesHealthWithoutTlsToEveryone_AndNothingElse()
    {
        using var setup = AccessSetup.MutualTls();
        await using var server = await StartAsync(
            [.. setup.Settings, ("Listen:HealthPort", "0"), ("Security:OpenHealth", "false")]);
        var address = server.LastAddress;
        Assert.Equal("http", address.Scheme);
        using var channel = AccessOutcome.ChannelOf(address, new ClientCredentials());

        await new HealthClient(channel).CheckAsync(new HealthCheckRequest(), cancellationToken: Cancellation);
        var refusal = await AccessOutcome.RefusalAsync(new Contract.JobServiceClient(channel).ListPipelinesAsync(
            new ListPipelinesRequest(), cancellationToken: Cancellation));

        Assert.Equal("PERMISSION_DENIED", refusal.Reason);
        using var own = AccessOutcome.ChannelOf(Localhost(server.Address), setup.Callers["none"]);
        Assert.Equal("UNAUTHENTICATED", await AccessOutcome.OfAsync(options =>
            new HealthClient(own).CheckAsync(new HealthCheckRequest(), options).ResponseAsync));
    }

    [Fact]
    public async Task OpenReflection_LetsEveryoneIn()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var server = await StartAsync([.. setup.Settings, ("Security:OpenReflection", "true")]);
        using var channel = AccessOutcome.ChannelOf(server.Address, setup.Callers["none"]);

        Assert.Equal(AccessOutcome.Allowed, await AccessOutcome.OfAsync(async options =>
        {
            using var call = new ServerReflection.ServerReflectionClient(channel).ServerReflectionInfo(options);
            await call.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" }, Cancellation);
            Assert.True(await call.ResponseStream.MoveNext(Cancellation), "Reflection sent no response.");
            await call.RequestStream.CompleteAsync();
        }));
    }

    [Fact]
    public async Task Certificate_Changed_IsShownToNewConnections()
    {
        using var certificates = new TestCertificates(_folder.Path);
        var (certificate, key) = certificates.Server();
        await using var server = await StartAsync(
            ("Listen:Tls:CertificateFile", certificate), ("Listen:Tls:KeyFile", key),
            ("Security:FilePollInterval", "00:00:00.0200000"));
        using var first = X509CertificateLoader.LoadCertificateFromFile(certificate);
        Assert.Equal(first.SerialNumber, await SerialAsync(server.Address));

        certificates.Server();
        using var second = X509CertificateLoader.LoadCertificateFromFile(certificate);
        Assert.NotEqual(first.SerialNumber, second.SerialNumber);
        await Wait.ForAsync(
            () => SerialAsync(server.Address), serial => serial == second.SerialNumber,
            $"new connections get the new certificate {second.SerialNumber}");
    }

    [Theory]
    [InlineData(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384, false)]
    [InlineData(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, false)]
    [InlineData(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, false)]
    [InlineData(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, true)]
    [InlineData(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, true)]
    public async Task Tls12_SuitesWithCbc_AreNotAccepted(TlsCipherSuite suite, bool isAccepted)
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("The operating system chooses the suites.");
            return;
        }

        using var certificates = new TestCertificates(_folder.Path);
        var (certificate, key) = certificates.Server();
        await using var server = await StartAsync(
            ("Listen:Tls:CertificateFile", certificate), ("Listen:Tls:KeyFile", key));
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", server.Address.Port, Cancellation);
        await using var stream = new SslStream(client.GetStream());
        var handshake = stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                EnabledSslProtocols = SslProtocols.Tls12,
                CipherSuitesPolicy = new CipherSuitesPolicy([suite]),
                RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null,
            },
            Cancellation);

        if (isAccepted)
        {
            await handshake;
            Assert.Equal(suite, stream.NegotiatedCipherSuite);
        }
        else
        {
            await Assert.ThrowsAnyAsync<Exception>(() => handshake);
        }
    }

    [Fact]
    public async Task RequireClientCertificate_WithoutOne_EndsTheHandshake()
    {
        using var setup = AccessSetup.MutualTls();
        await using var server = await StartAsync(
            [.. setup.Settings, ("Listen:Tls:RequireClientCertificate", "true")]);
        foreach (var (caller, isAllowed) in new[] { ("none", false), ("wrong", false), ("read", true) })
        {
            using var channel = AccessOutcome.ChannelOf(Localhost(server.Address), setup.Callers[caller]);
            var outcome = await AccessOutcome.OfAsync(options => ListAsync(channel.CreateCallInvoker(), options));
            Assert.Equal(isAllowed, outcome == AccessOutcome.Allowed);
            Assert.DoesNotContain("UNAUTHENTICATED", outcome, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Client_ServerThatItsAuthorityDidNotSign_IsNotTrusted()
    {
        using var certificates = new TestCertificates(_folder.Path);
        using var others = new TestCertificates(_folder.Path, "others");
        var (certificate, key) = certificates.Server();
        await using var server = await StartAsync(
            ("Listen:Tls:CertificateFile", certificate), ("Listen:Tls:KeyFile", key));

        foreach (var (address, caFile, isTrusted) in new[]
        {
            (Localhost(server.Address), certificates.CaFile, true),
            (Localhost(server.Address), others.CaFile, false),
            (new UriBuilder(server.Address) { Host = "127.0.0.2" }.Uri, certificates.CaFile, false),
        })
        {
            using var channel = AccessOutcome.ChannelOf(address, new ClientCredentials { CaFile = caFile });
            var outcome = await AccessOutcome.OfAsync(options => ListAsync(channel.CreateCallInvoker(), options));
            Assert.Equal(isTrusted, outcome == AccessOutcome.Allowed);
        }
    }

    /// <summary>No TCP port beside the Unix socket.</summary>
    private static (string, string)[] NoTcp => [(TestServer.NoPort, "")];

    private static Uri Localhost(Uri address) => new UriBuilder(address) { Host = "localhost" }.Uri;

    private static Task<ListPipelinesResponse> ListAsync(CallInvoker invoker, CallOptions? options = null) =>
        new Contract.JobServiceClient(invoker).ListPipelinesAsync(
            new ListPipelinesRequest(), options ?? new CallOptions(cancellationToken: Cancellation)).ResponseAsync;

    private static async Task<string> SerialAsync(Uri address)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", address.Port, Cancellation);
        await using var stream = new System.Net.Security.SslStream(
            client.GetStream(), leaveInnerStreamOpen: false, (_, certificate, _, _) => certificate is not null);
        await stream.AuthenticateAsClientAsync("localhost");
        return ((X509Certificate2)stream.RemoteCertificate!).SerialNumber;
    }

    [Fact]
    public async Task MetricsPort_AllowAnonymous_ListensOnAReachableAddress()
    {
        await using var server = await StartAsync(
            ("Telemetry:PrometheusPort", "0"), ("Telemetry:PrometheusAddress", "0.0.0.0"),
            ("Telemetry:AllowAnonymous", "true"));

        Assert.Equal("0.0.0.0", new Uri(server.Urls.Last()).Host);
    }

    [Fact]
    public async Task MetricsPort_ServesItsPageAlone_AndNoOtherPortDoes()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var server = await StartAsync([.. setup.Settings, ("Telemetry:PrometheusPort", "0")]);
        var port = new Uri(server.Urls.Last());
        using var http = new HttpClient();

        var page = await http.GetStringAsync(new Uri(port, "/metrics"), Cancellation);
        Assert.Contains("dotnet_process_cpu_time_seconds", page, StringComparison.Ordinal);
        foreach (var (host, isServed) in new[] { ("localhost:80", true), ("evil.example.org", false) })
        {
            using var named = new HttpRequestMessage(HttpMethod.Get, new Uri(port, "/metrics"));
            named.Headers.Host = host;
            using var answer = await http.SendAsync(named, Cancellation);
            Assert.Equal((host, isServed), (host, answer.IsSuccessStatusCode));
        }

        string[] others =
            ["/", "/metrics/x", "/foregsyte.v1.JobService/ListJobs", "/grpc.health.v1.Health/Check"];
        foreach (var path in others)
        {
            using var response = await http.PostAsync(new Uri(port, path), content: null, Cancellation);
            Assert.Equal(System.Net.HttpStatusCode.NotFound, response.StatusCode);
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Address, "/metrics"))
        {
            Version = System.Net.HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using var other = await http.SendAsync(request, Cancellation);
        Assert.DoesNotContain(
            "dotnet_process", await other.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    private static Task<TestServer> StartAsync(params (string, string)[] settings) =>
        TestServer.StartAsync(settings);
}
