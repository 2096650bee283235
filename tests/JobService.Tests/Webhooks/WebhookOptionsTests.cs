using ForegSyte.Jobs.Webhooks;
using ForegSyte.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Webhooks;

/// <summary>The checks of the settings at start.</summary>
public sealed class WebhookOptionsTests : IDisposable
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    private const string OtherSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Options_WithoutSettings_RefuseEveryHost()
    {
        var options = Read();

        Assert.Empty(options.AllowedHosts);
        Assert.Equal([443], options.AllowedPorts);
    }

    [Fact]
    public void Options_Endpoint_IsRead()
    {
        var secrets = FileWith(Secret);
        var ofTenant = FileWith(OtherSecret, "of_tenant");

        var options = Read(
            ("AllowedHosts:0", "*.example.org"), ("AllowHttp", "true"),
            ("Endpoints:0:Name", "ops"), ("Endpoints:0:Uri", "https://hooks.example.org/a"),
            ("Endpoints:0:Events:0", "started"), ("Endpoints:0:SecretFile", secrets), ("Endpoints:0:Tenants:0", "a"),
            ("Endpoints:1:Name", "all"), ("Endpoints:1:Uri", "http://hooks.example.org/b"),
            ("Endpoints:1:SecretFile", secrets), ("TenantSecretFiles:Tenant", ofTenant),
            ("SecretFile", secrets));

        Assert.Equal([443, 80], options.AllowedPorts);
        var routes = options.Endpoints.Select(endpoint => endpoint.ToRoute()).ToList();
        Assert.Equal(
            [("ops", true, false, 1), ("all", false, true, 0)],
            routes.Select(route => (route.Name, route.OnStart, route.OnEnd, route.Tenants.Count)));
        Assert.Equal(ofTenant, options.TenantSecretFiles["Tenant"]);
    }

    [Theory]
    [InlineData("AllowedHosts must contain names", "AllowedHosts:1", "*")]
    [InlineData("AllowedPorts must contain ports", "AllowedPorts:0", "0")]
    [InlineData("AllowedNetworks must contain networks", "AllowedNetworks:0", "10.0.0.0")]
    [InlineData("CertificateAuthorities must be", "CertificateAuthorities", "/no/such.pem")]
    [InlineData("FirstDelay must be at most", "FirstDelay", "00:30:00", "MaxDelay", "00:10:00")]
    [InlineData("Webhooks:SecretFile must be an absolute path", "SecretFile", "secrets")]
    [InlineData("Webhooks:SecretFile (/no/such) cannot be used", "SecretFile", "/no/such")]
    [InlineData("Webhooks:TenantSecretFiles:a (/no/such) cannot be used", "TenantSecretFiles:a", "/no/such")]
    [InlineData("Webhooks:AllowedHost is not a setting", "AllowedHost", "a.example")]
    [InlineData("Webhooks:Endpoints:0:Url is not a setting", "Endpoints:0:Url", "https://a.example.org/")]
    [InlineData("Webhooks:Endpoints:0:Name must have", "Endpoints:0:Name", "a b")]
    [InlineData("Webhooks:Endpoints:0:SecretFile is required", "Endpoints:0:Name", "a")]
    [InlineData("It must have the form https://host/path", "Endpoints:0:Uri", "http://a.example.org/")]
    [InlineData("(option Webhooks:AllowedHosts)", "Endpoints:0:Uri", "https://b.example/")]
    [InlineData("(option Webhooks:AllowedPorts)", "Endpoints:0:Uri", "https://a.example.org:8443/")]
    [InlineData("Endpoints:0:Events can have: ended, started", "Endpoints:0:Events:0", "done")]
    [InlineData("as another endpoint's", "Endpoints:0:Name", "a", "Endpoints:1:Name", "a")]
    public void Options_Wrong_SayWhatIsWrong(string problem, params string[] settings)
    {
        var pairs = settings.Chunk(2).Select(pair => (pair[0], pair[1])).Prepend(("AllowedHosts:0", "*.example.org"));

        var failure = Assert.Throws<OptionsValidationException>(() => Read([.. pairs]));

        Assert.Contains(failure.Failures, text => text.Contains(problem, StringComparison.Ordinal));
    }

    [Fact]
    public void Options_SecretThatOthersCanRead_SayWhatToDo()
    {
        var file = FileWith(Secret);
        FileModes.Set(file, "0604");

        var failure = Assert.Throws<OptionsValidationException>(() => Read(("SecretFile", file)));

        Assert.Contains("chmod 600", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("MfKQ", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("TenantSecretFiles:b")]
    [InlineData("SecretFile")]
    [InlineData("Endpoints:0:SecretFile")]
    public void Options_SecretOfATenantIsAlsoAnothers_NameBothAndNotTheSecret(string other)
    {
        var failure = Assert.Throws<OptionsValidationException>(() => Read(
            ("AllowedHosts:0", "*.example.org"), ("Endpoints:0:Name", "ops"),
            ("Endpoints:0:Uri", "https://hooks.example.org/a"), ("AllowUnsigned", "true"),
            ("TenantSecretFiles:a", FileWith($"{OtherSecret}\n{Secret}")),
            (other, FileWith($"# the old one\n{Secret}", "other"))));

        var problem = Assert.Single(failure.Failures);
        Assert.StartsWith(
            $"Webhooks:TenantSecretFiles:a and Webhooks:{other} contain the same secret.", problem,
            StringComparison.Ordinal);
        Assert.DoesNotContain("MfKQ", problem, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static WebhookOptions Read(params (string Key, string Value)[] settings)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(
            settings.Select(setting => KeyValuePair.Create($"Webhooks:{setting.Key}", (string?)setting.Value)))
            .Build());
        services.AddWebhooks();
        using var provider = services.BuildServiceProvider();
        return provider.GetRequiredService<IOptions<WebhookOptions>>().Value;
    }

    private string FileWith(string secret, string name = "secrets")
    {
        var path = _folder.File(name);
        File.WriteAllText(path, secret);
        FileModes.Set(path, "0600");
        return path;
    }
}
