using System.Text.Json;
using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Client;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>Both services with TLS and API keys, called by the command line.</summary>
public sealed class SecuredInstallationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Analyze_OverTlsWithAnApiKey_AndMutualTlsBetweenTheServices_Works_AndTellsNoSecret()
    {
        using var certificates = new TestCertificates(_folder.Path);
        var (key, entry) = await NewKeyAsync("acme", "submit,read");
        var (wrongKey, _) = await NewKeyAsync("acme", "admin");
        await File.WriteAllTextAsync(_folder.File("keys.json"), $"{{\"keys\": [{entry}]}}", Token);
        await using var services = Secured(certificates);
        await services.StartAsync();

        var submit = await RunAsync(
            services.JobAddress, certificates, key,
            "submit", RepositoryFiles.Pedestrians, "--pipeline", "detect_only", "--max-frames", "2");
        Assert.True(submit.ExitCode == 0, $"Exit code {submit.ExitCode}: {submit.StandardError}");
        var jobId = submit.StandardOutput.Trim();
        await File.WriteAllTextAsync(_folder.File("key"), key + "\n", Token);
        var wait = await RunAsync(
            services.JobAddress, certificates, apiKey: null, "wait", jobId, "--api-key-file", _folder.File("key"));
        Assert.True(wait.ExitCode == 0, $"Exit code {wait.ExitCode}: {wait.StandardError}");
        var denied = await RunAsync(services.JobAddress, certificates, wrongKey, "get", jobId);
        Assert.Equal(8, denied.ExitCode);
        Assert.Contains("The API key is unknown", denied.StandardError, StringComparison.Ordinal);
        var nobody = await RunAsync(services.JobAddress, certificates, apiKey: null, "get", jobId, "--verbose");
        Assert.Equal(8, nobody.ExitCode);

        await services.JobService.PrintsAsync($"OK /foregsyte.v1.JobService/SubmitVideo {jobId}");
        await services.JobService.PrintsAsync("UNAUTHENTICATED (missing) /foregsyte.v1.JobService/GetJob");
        var outputs = string.Join('\n', services.JobService.Output, services.InferenceService.Output,
            submit.StandardError, wait.StandardError, denied.StandardError, nobody.StandardError,
            await File.ReadAllTextAsync(_folder.File("audit.jsonl"), Token), entry);
        Assert.All(
            [key.Split('.')[1], wrongKey.Split('.')[1], PrivateKeyLine("server"), PrivateKeyLine("job")],
            secret => Assert.DoesNotContain(secret, outputs, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Submit_WithItsKeyInTheEnvironment_ShowsItToNobodyOnTheMachine()
    {
        var (key, _) = await NewKeyAsync("acme", "read");
        var run = Command(new Uri("http://127.0.0.1:1"), key, "list", "--timeout", "5s").ExecuteBufferedAsync(Token);

        var arguments = await File.ReadAllTextAsync($"/proc/{run.ProcessId}/cmdline", Token);
        await run;

        Assert.Contains("list", arguments, StringComparison.Ordinal);
        Assert.DoesNotContain(key, arguments, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Analyze_UnixSocketBetweenTheServices_Works()
    {
        var socket = _folder.File("inference.sock");
        await using var services = new Installation(
            inferenceSettings: new Dictionary<string, string> { ["Listen:UnixSocket"] = socket });
        await services.StartAsync();
        await using var client = services.Client();

        var job = await client.SubmitFileAsync(
            RepositoryFiles.Pedestrians, new SubmitOptions { PipelineId = "detect_only", MaxFrames = 2 },
            cancellationToken: Token);
        job = await client.WaitForCompletionAsync(job.JobId, cancellationToken: Token);

        Assert.Equal(JobStatus.Completed, job.Status);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, new FileInfo(socket).UnixFileMode);
        await using var second = new Installation(
            inferenceSettings: new Dictionary<string, string> { ["Listen:UnixSocket"] = socket });
        var failure = await Assert.ThrowsAsync<ServiceStartException>(second.StartInferenceServiceAsync);
        Assert.Contains("Another process listens on", failure.Message, StringComparison.Ordinal);

        await services.InferenceService.KillAsync();
        await services.StartInferenceServiceAsync();
    }

    [Theory]
    [InlineData("JobService")]
    [InlineData("InferenceService")]
    public async Task Start_OnAReachableAddressWithoutCallers_IsRefused(string name)
    {
        await using var service = ServiceProcess.Launch(name, new Dictionary<string, string>
        {
            ["DataDirectory"] = _folder.Path,
            ["Listen:Address"] = "0.0.0.0",
            ["Listen:Port"] = "0",
            ["Pipelines:Directory"] = Path.Combine(RepositoryFiles.Data, "pipelines"),
        });

        Assert.Equal(1, await service.Exit.WaitAsync(Wait.Timeout, Token));
        Assert.Contains("Security:AllowAnonymous=true to make every caller", service.Output, StringComparison.Ordinal);
    }

    /// <summary>TLS on both services, and mutual TLS between them.</summary>
    private Installation Secured(TestCertificates certificates)
    {
        var (serverFile, serverKey) = certificates.Server();
        var (jobFile, jobKey) = certificates.Client("job", "CN=job-service", "spiffe://foregsyte/job-service");
        var tls = new Dictionary<string, string>
        {
            ["Listen:Tls:CertificateFile"] = serverFile,
            ["Listen:Tls:KeyFile"] = serverKey,
        };
        return new Installation(
            new Dictionary<string, string>(tls)
            {
                ["Security:ApiKeysFile"] = _folder.File("keys.json"),
                ["Audit:File"] = _folder.File("audit.jsonl"),
                ["Inference:Tls:CaFile"] = certificates.CaFile,
                ["Inference:Tls:CertificateFile"] = jobFile,
                ["Inference:Tls:KeyFile"] = jobKey,
            },
            new Dictionary<string, string>(tls)
            {
                ["Listen:Tls:ClientCaFile"] = certificates.CaFile,
                ["Security:Certificates:0:San"] = "URI:spiffe://foregsyte/job-service",
                ["Security:Certificates:0:Tenant"] = "job-service",
                ["Security:Certificates:0:Permissions:0"] = "submit",
            })
        {
            Credentials = new ClientCredentials { CaFile = certificates.CaFile },
        };
    }

    /// <summary>Creates a key with the JobService's command; returns it and its entry for the keys file.</summary>
    private static async Task<(string Key, string Entry)> NewKeyAsync(string tenant, string permissions)
    {
        var run = await Cli.Wrap("dotnet")
            .WithArguments([
                RepositoryFiles.BuiltAssembly("src/JobService", "ForegSyte.JobService"),
                "keys", "new", "--tenant", tenant, "--permissions", permissions, "--expires", "2999-12-31",
            ])
            .ExecuteBufferedAsync(Token);
        var lines = run.StandardOutput.Split('\n');
        var entry = string.Join('\n', lines.SkipWhile(line => !line.StartsWith('{')));
        Assert.Equal(tenant, JsonDocument.Parse(entry).RootElement.GetProperty("tenant").GetString());
        return (lines.Single(line => line.StartsWith("fgs_", StringComparison.Ordinal)), entry);
    }

    private Task<BufferedCommandResult> RunAsync(
        Uri server, TestCertificates certificates, string? apiKey, params string[] arguments) =>
        Command(server, apiKey, [.. arguments, "--ca-file", certificates.CaFile]).ExecuteBufferedAsync(Token).Task;

    private Command Command(Uri server, string? apiKey, params string[] arguments) =>
        Cli.Wrap("dotnet")
            .WithArguments([CommandLineProcess.Program, .. arguments])
            .WithEnvironmentVariables(variables => variables
                .Set("FOREGSYTE_SERVER", server.ToString())
                .Set("FOREGSYTE_API_KEY", apiKey))
            .WithWorkingDirectory(_folder.Path)
            .WithValidation(CommandResultValidation.None);

    /// <summary>A line from the middle of a private key.</summary>
    private string PrivateKeyLine(string name) => File.ReadAllLines(_folder.File($"{name}.key.pem"))[1];
}
