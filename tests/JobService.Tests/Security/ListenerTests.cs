using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using ForegSyte.Client;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.Extensions.Options;
using Contract = ForegSyte.V1.JobService;

namespace ForegSyte.Jobs.Tests.Security;

/// <summary>Where a service listens, and with what.</summary>
public sealed class ListenerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Socket => _folder.File("jobs.sock");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("nothing says who may call", "Listen:Address=0.0.0.0")]
    [InlineData("nothing says who may call", "Listen:Address=::")]
    [InlineData("Security:AllowAnonymous lets everyone in", "Security:AllowAnonymous=true", "Security:ApiKeysFile=/x")]
    [InlineData("Listen:Tls:ClientCaFile needs", "Listen:Tls:ClientCaFile=/x")]
    [InlineData("Listen:Tls:KeyFile needs", "Listen:Tls:KeyFile=/x")]
    [InlineData("Security:Certificates needs Listen:Tls:ClientCaFile", "Security:Certificates:0:Subject=CN=x")]
    [InlineData("list them in Security:Certificates", "Listen:Tls:CertificateFile=/x", "Listen:Tls:ClientCaFile=/x")]
    [InlineData("Listen:UnixSocket has to be an absolute path", "Listen:UnixSocket=jobs.sock")]
    [InlineData("Security:Jwt needs Issuer and Audience", "Security:Jwt:Issuer=x")]
    [InlineData("Security:Jwt:MetadataAddress has to be https", "Security:Jwt:MetadataAddress=http://example.test/")]
    [InlineData("Security:Alow is no setting", "Security:Alow=true")]
    [InlineData("Security:Jwt:Isuer is no setting", "Security:Jwt:Isuer=x")]
    [InlineData("Listen:Tls:Cert is no setting", "Listen:Tls:Cert=x")]
    [InlineData(
        "Telemetry:AllowAnonymous=true, if everyone", "Telemetry:PrometheusPort=0", "Telemetry:PrometheusAddress=::")]
    [InlineData("Telemetry:PrometheusAddress has to be an IP address", "Telemetry:PrometheusAddress=localhost")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT has to be", "OTEL_EXPORTER_OTLP_ENDPOINT=collector:4317")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT has to be", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=4317")]
    [InlineData("OTEL_METRICS_EXPORTER is 'prometheus'", "OTEL_METRICS_EXPORTER=prometheus")]
    public async Task Start_WhatLetsInMoreThanWasAskedFor_IsRefused(string expected, params string[] settings)
    {
        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => StartAsync(
            [.. settings.Select(setting => setting.Split('=', 2)).Select(parts => (parts[0], parts[1]))]));

        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_FileThatIsBroken_IsRefusedByItsSetting()
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
    public async Task UnixSocket_IsForItsOwnerAlone_AndEveryCallOverItIsTheAdmins()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var service = await StartAsync([.. setup.Settings, ("Listen:UnixSocket", Socket), .. NoTcp]);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, new FileInfo(Socket).UnixFileMode);
        Assert.Single(service.Urls);
        using var channel = Answers.ChannelOf(new Uri($"unix:{Socket}"), new ClientCredentials());
        await ListAsync(channel.CreateCallInvoker());

        // Who shows a key is judged by it.
        using var reader = Answers.ChannelOf(new Uri($"unix:{Socket}"), setup.Callers["submit"]);
        var refusal = await Answers.RefusalAsync(new Contract.JobServiceClient(reader).ListPipelinesAsync(
            new ListPipelinesRequest(), cancellationToken: Cancellation));
        Assert.Equal("PERMISSION_DENIED", refusal.Reason);
    }

    [Fact]
    public async Task UnixSocket_LeftByACrash_IsTakenOver_AndOneThatIsUsedIsNot()
    {
        // Bound and not listened on any more, as after a kill.
        using (var crashed = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            crashed.Bind(new UnixDomainSocketEndPoint(_folder.File("crashed")));
            File.Move(_folder.File("crashed"), Socket);
        }

        await using var service = await StartAsync([("Listen:UnixSocket", Socket), .. NoTcp]);
        var failure = await Assert.ThrowsAnyAsync<IOException>(
            () => StartAsync([("Listen:UnixSocket", Socket), .. NoTcp]));

        Assert.Contains("Another process listens", failure.ToString(), StringComparison.Ordinal);
        using var channel = Answers.ChannelOf(new Uri($"unix:{Socket}"), new ClientCredentials());
        await ListAsync(channel.CreateCallInvoker());
    }

    [Fact]
    public async Task UnixSocketMode_IsTheOneThatWasAskedFor()
    {
        await using var service = await StartAsync(
            [("Listen:UnixSocket", Socket), ("Listen:UnixSocketMode", "660"), .. NoTcp]);

        var mode = new FileInfo(Socket).UnixFileMode;
        Assert.Equal(
            UnixFileMode.None,
            mode & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.UserExecute));
        Assert.True(mode.HasFlag(UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }

    [Fact]
    public async Task HealthPort_ServesHealthWithoutTlsToEveryone_AndNothingElse()
    {
        using var setup = AccessSetup.MutualTls();
        await using var service = await StartAsync(
            [.. setup.Settings, ("Listen:HealthPort", "0"), ("Security:OpenHealth", "false")]);
        var address = service.HealthAddress;
        Assert.Equal("http", address.Scheme);
        using var channel = Answers.ChannelOf(address, new ClientCredentials());

        await new Health.HealthClient(channel).CheckAsync(new HealthCheckRequest(), cancellationToken: Cancellation);
        var refusal = await Answers.RefusalAsync(new Contract.JobServiceClient(channel).ListPipelinesAsync(
            new ListPipelinesRequest(), cancellationToken: Cancellation));

        Assert.Equal("PERMISSION_DENIED", refusal.Reason);
        using var own = Answers.ChannelOf(Localhost(service.Address), setup.Callers["none"]);
        Assert.Equal("UNAUTHENTICATED", await Answers.ToAsync(options => RpcCalls.All[RpcCalls.Health](
            own.CreateCallInvoker(), "", options)));
    }

    [Fact]
    public async Task OpenReflection_LetsEveryoneIn()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var service = await StartAsync([.. setup.Settings, ("Security:OpenReflection", "true")]);
        using var channel = Answers.ChannelOf(service.Address, setup.Callers["none"]);

        Assert.Equal(Answers.Yes, await Answers.ToAsync(options => RpcCalls.All[RpcCalls.Reflection](
            channel.CreateCallInvoker(), "", options)));
    }

    [Fact]
    public async Task Certificate_Changed_IsShownToNewConnections()
    {
        using var certificates = new TestCertificates(_folder.Path);
        var (certificate, key) = certificates.Server();
        await using var service = await StartAsync(
            ("Listen:Tls:CertificateFile", certificate), ("Listen:Tls:KeyFile", key),
            ("Security:FilePollInterval", "00:00:00.0200000"));
        using var first = X509CertificateLoader.LoadCertificateFromFile(certificate);
        Assert.Equal(first.SerialNumber, await SerialAsync(service.Address));

        certificates.Server();
        using var second = X509CertificateLoader.LoadCertificateFromFile(certificate);
        Assert.NotEqual(first.SerialNumber, second.SerialNumber);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (await SerialAsync(service.Address) != second.SerialNumber)
        {
            await Task.Delay(20, limit.Token);
        }
    }

    [Fact]
    public async Task RequireClientCertificate_WithoutOne_EndsTheHandshake()
    {
        using var setup = AccessSetup.MutualTls();
        await using var service = await StartAsync(
            [.. setup.Settings, ("Listen:Tls:RequireClientCertificate", "true")]);
        foreach (var (caller, isLetIn) in new[] { ("none", false), ("wrong", false), ("read", true) })
        {
            using var channel = Answers.ChannelOf(Localhost(service.Address), setup.Callers[caller]);
            var answer = await Answers.ToAsync(options => ListAsync(channel.CreateCallInvoker(), options));
            Assert.Equal(isLetIn, answer == Answers.Yes);
            Assert.DoesNotContain("UNAUTHENTICATED", answer, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Client_ServerThatItsAuthorityDidNotSign_IsNotTrusted()
    {
        using var certificates = new TestCertificates(_folder.Path);
        using var others = new TestCertificates(_folder.Path, "others");
        var (certificate, key) = certificates.Server();
        await using var service = await StartAsync(
            ("Listen:Tls:CertificateFile", certificate), ("Listen:Tls:KeyFile", key));

        foreach (var (address, caFile, isTrusted) in new[]
        {
            (Localhost(service.Address), certificates.CaFile, true),
            (Localhost(service.Address), others.CaFile, false),
            (new UriBuilder(service.Address) { Host = "127.0.0.2" }.Uri, certificates.CaFile, false),
        })
        {
            using var channel = Answers.ChannelOf(address, new ClientCredentials { CaFile = caFile });
            var answer = await Answers.ToAsync(options => ListAsync(channel.CreateCallInvoker(), options));
            Assert.Equal(isTrusted, answer == Answers.Yes);
        }
    }

    /// <summary>The service listens on the Unix socket alone.</summary>
    private static (string, string)[] NoTcp => [(RunningJobService.NoPort, "")];

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
    public async Task MetricsPort_OpenedByName_ListensOnAReachableAddress()
    {
        await using var service = await StartAsync(
            ("Telemetry:PrometheusPort", "0"), ("Telemetry:PrometheusAddress", "0.0.0.0"),
            ("Telemetry:AllowAnonymous", "true"));

        Assert.Equal("0.0.0.0", new Uri(service.Urls.Last()).Host);
    }

    [Fact]
    public async Task MetricsPort_ServesItsPageAlone_AndNoOtherPortDoes()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var service = await StartAsync([.. setup.Settings, ("Telemetry:PrometheusPort", "0")]);
        var port = new Uri(service.Urls.Last());
        using var http = new HttpClient();

        var page = await http.GetStringAsync(new Uri(port, "/metrics"), Cancellation);
        Assert.Contains("foregsyte_jobs_queue_depth", page, StringComparison.Ordinal);
        string[] others =
            ["/", "/metrics/x", "/foregsyte.v1.JobService/ListJobs", "/grpc.health.v1.Health/Check"];
        foreach (var path in others)
        {
            using var answer = await http.PostAsync(new Uri(port, path), content: null, Cancellation);
            Assert.Equal(System.Net.HttpStatusCode.NotFound, answer.StatusCode);
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(service.Address, "/metrics"))
        {
            Version = System.Net.HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using var other = await http.SendAsync(request, Cancellation);
        Assert.DoesNotContain(
            "foregsyte_jobs", await other.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    private static Task<RunningJobService> StartAsync(params (string, string)[] settings) =>
        RunningJobService.StartAsync(RunningJobService.NotServing(), settings);
}
