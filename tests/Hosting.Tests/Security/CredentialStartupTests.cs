using ForegSyte.Hosting.Security;
using ForegSyte.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace ForegSyte.Hosting.Tests.Security;

/// <summary>What a service tells its operator about credentials when it starts.</summary>
public sealed class CredentialStartupTests
{
    [Fact]
    public async Task Start_WithCredentials_LogsTheirKindsAndWhatIsOpenWithoutThem()
    {
        using var keys = AccessSetup.ApiKeys();
        using var tokens = AccessSetup.Tokens();
        using var certificates = AccessSetup.MutualTls();

        Assert.Equal(
            ("API keys, JSON Web Tokens, client certificates", "open", "closed"),
            await SchemesAsync([.. keys.Settings, .. tokens.Settings, .. certificates.Settings]));
        Assert.Equal(
            ("API keys", "closed", "open"),
            await SchemesAsync(
                [.. keys.Settings, ("Security:OpenHealth", "false"), ("Security:OpenReflection", "true")]));
        Assert.Equal(("JSON Web Tokens", "open", "closed"), await SchemesAsync([.. tokens.Settings]));

        static async Task<(string?, string?, string?)> SchemesAsync((string, string)[] settings)
        {
            await using var server = await TestServer.StartAsync(settings);
            var line = Assert.Single(LinesOf(server));
            return (
                line.GetStructuredStateValue("Schemes"), line.GetStructuredStateValue("Health"),
                line.GetStructuredStateValue("Reflection"));
        }
    }

    [Fact]
    public async Task Start_OnAReachableAddress_WarnsIfEveryoneIsAnAdminOrCredentialsAreUnencrypted()
    {
        using var keys = AccessSetup.ApiKeys();
        using var certificates = AccessSetup.MutualTls();
        var everywhere = ("Listen:Address", "0.0.0.0");

        Assert.Equal(["0.0.0.0"], await WarningsAsync([.. keys.Settings, everywhere]));
        Assert.Empty(await WarningsAsync([.. keys.Settings]));
        Assert.Empty(await WarningsAsync([.. certificates.Settings, everywhere]));
        Assert.Equal([null], await WarningsAsync([("Security:AllowAnonymous", "true"), everywhere]));
        Assert.Empty(await WarningsAsync([]));

        static async Task<IReadOnlyList<string?>> WarningsAsync((string, string)[] settings)
        {
            await using var server = await TestServer.StartAsync(settings);
            return
            [
                .. LinesOf(server).Where(line => line.Level == LogLevel.Warning)
                    .Select(line => line.GetStructuredStateValue("Address")),
            ];
        }
    }

    private static IEnumerable<FakeLogRecord> LinesOf(TestServer server) =>
        server.Log.GetSnapshot().Where(line => line.Category == typeof(CredentialStartupCheck).FullName);
}
