using System.Net;
using System.Security.Cryptography.X509Certificates;
using ForegSyte.Client.Tests.Fakes;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace ForegSyte.Client.Tests.CommandLine;

public sealed class InfoAndHelpTests
{
    [Fact]
    public async Task Info_Limits_ShowsServerAndLimits()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Info.Answer(new GetServerInfoResponse
        {
            ServerInfo = new ServerInfo
            {
                Version = "0.1.0",
                DrainState = DrainState.Draining,
                StartedAt = new Timestamp { Seconds = 1_700_000_000 },
                KnownInstances = 2,
                ServingInstances = 1,
                Limits =
                {
                    new Limit { Option = "Submit:MaxVideoBytes", Value = "68719476736", Unit = "bytes" },
                    new Limit { Option = "Uploads:Lifetime", Value = "7d", Description = "How long.", Source = "file" },
                },
            },
        });

        var run = await CommandLineRun.OnAsync(server, "info", "--limits");

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Matches("Version +0.1.0", run.Output);
        Assert.Matches("Jobs +draining", run.Output);
        Assert.Matches("Inference +1 of 2 InferenceServices serving", run.Output);
        Assert.Matches(@"Submit:MaxVideoBytes\W+64GiB", run.Output);
        Assert.Matches(@"Uploads:Lifetime\W+7d\W+How long\.\W+file", run.Output);
    }

    [Fact]
    public async Task Help_OfTheProgram_ShowsTheOptionsOfEveryCommand()
    {
        var run = await CommandLineRun.StartAsync(["--help"], TestContext.Current.CancellationToken);

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("--allow-unencrypted", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_OfACommand_RefersToThem()
    {
        var run = await CommandLineRun.StartAsync(["list", "--help"], TestContext.Current.CancellationToken);

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("--since", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("--allow-unencrypted", run.Output, StringComparison.Ordinal);
        Assert.Contains("foregsyte --help", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wait_SeveralJobs_WaitsForEach()
    {
        await using var server = await ScriptedServer.StartAsync();
        var failed = SampleJobs.Failed();
        failed.JobId = "aaaaaaaa-6f3a-4f0e-9a52-0d4d1f1a2b3c";
        server.Service.Wait.Answer(SampleJobs.Changed(failed), SampleJobs.Changed(SampleJobs.Completed()));

        var run = await CommandLineRun.OnAsync(server, "wait", failed.JobId, SampleJobs.Id);

        Assert.Equal(4, run.ExitCode);
        Assert.Contains("Job 2 of 2", run.Error, StringComparison.Ordinal);
        Assert.Contains(failed.JobId, run.Output, StringComparison.Ordinal);
        Assert.Contains(SampleJobs.Id, run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_HostAndPort_NeedsNoScheme()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Get.Answer(new GetJobResponse { Job = SampleJobs.Pending() });

        var run = await CommandLineRun.StartAsync(
            ["get", SampleJobs.Id, "-s", server.Address.Authority], TestContext.Current.CancellationToken);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
    }

    [Fact]
    public async Task Server_HttpsOfAServerWithoutTls_IsNamed()
    {
        await using var server = await ScriptedServer.StartAsync();

        var run = await CommandLineRun.StartAsync(
            ["list", "-s", $"https://{server.Address.Authority}"], TestContext.Current.CancellationToken);

        Assert.Equal((6, ""), (run.ExitCode, run.Output));
        Assert.Contains("does not use TLS. Use an http:// address.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_HttpOfAServerWithTls_IsNamed()
    {
        using var folder = new TemporaryFolder();
        using var certificates = new TestCertificates(folder.Path);
        var (certificateFile, keyFile) = certificates.Server();
        using var certificate = X509Certificate2.CreateFromPemFile(certificateFile, keyFile);
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listener => listener.UseHttps(certificate)));
        await using var server = builder.Build();
        await server.StartAsync(TestContext.Current.CancellationToken);
        var address = new Uri(server.Urls.Single());

        var run = await CommandLineRun.StartAsync(
            ["list", "-s", $"http://{address.Authority}"], TestContext.Current.CancellationToken);

        Assert.Equal((6, ""), (run.ExitCode, run.Output));
        Assert.Contains($"uses TLS. Use https://{address.Authority}.", run.Error, StringComparison.Ordinal);
    }

    /// <summary>A port that speaks only HTTP/1.1, as that for HTTP with JSON.</summary>
    [Fact]
    public async Task Server_PortForHttp_IsNamed()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        await using var web = builder.Build();
        web.Urls.Add("http://127.0.0.1:0");
        await web.StartAsync(TestContext.Current.CancellationToken);
        var address = new Uri(web.Urls.Single());

        var run = await CommandLineRun.StartAsync(
            ["list", "-s", address.Authority], TestContext.Current.CancellationToken);

        Assert.Equal((6, ""), (run.ExitCode, run.Output));
        Assert.Contains("is the port for HTTP with JSON, or another web server.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Credentials_WithoutTls_NamesArgumentsOnly()
    {
        var run = await CommandLineRun.StartAsync(
            ["list", "-s", "http://192.0.2.1:5200"],
            TestContext.Current.CancellationToken,
            environmentVariable: name => name == "FOREGSYTE_API_KEY" ? "abc" : null);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("allow it with --allow-unencrypted", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_NameThatIsNotUtf8_SaysWhatToDo()
    {
        var run = await CommandLineRun.StartAsync(
            ["submit", "caf\uFFFD.mp4"], TestContext.Current.CancellationToken);

        Assert.Equal(3, run.ExitCode);
        Assert.Contains("not valid UTF-8", run.Error, StringComparison.Ordinal);
    }
}
