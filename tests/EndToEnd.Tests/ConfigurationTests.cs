using System.Text.RegularExpressions;
using ForegSyte.Testing;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>The options --print-configuration and --check-configuration of both services.</summary>
public sealed class ConfigurationTests
{
    private const string Secret = "sha256:AAAAAAAAAAAAAAAAAAAAAA:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB";

    private static readonly string Pipelines = Path.Combine(RepositoryFiles.Data, "pipelines");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task PrintConfiguration_JobService_PrintsEachSettingWithValueAndSource()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File(".jobs.json");
        await File.WriteAllTextAsync(
            file,
            """{ "Wait": { "MaxTimeout": "00:00:50" }, "Submit": { "AllowedRoots": ["/srv/a", "/srv/b"] } }""",
            Token);
        var (exitCode, lines) = await RunAsync(
            "JobService",
            new()
            {
                ["DataDirectory"] = folder.Path,
                ["ConfigurationFile"] = file,
                ["Pipelines:Directory"] = Pipelines,
                ["Wait:MaxTimeout"] = "00:00:40",
                ["Inference:Addresses:0"] = "http://user:password@localhost:5201",
                ["Security:ApiKeys:0:Id"] = "ci",
                ["Security:ApiKeys:0:Hash"] = Secret,
            },
            "--print-configuration", "--Dispatch:MaxConcurrentJobs=3");

        Assert.Equal(0, exitCode);
        Assert.Contains("Dispatch:MaxConcurrentJobs = 3    # command line", lines);
        Assert.Contains("Wait:MaxTimeout = 00:00:40    # environment FOREGSYTE_Wait__MaxTimeout", lines);
        Assert.Contains($"Submit:AllowedRoots:1 = /srv/b    # file {file}", lines);
        Assert.Contains("Stop:GraceTime = 00:00:20    # default", lines);
        Assert.Contains("Listen:Port = 5200    # default", lines);
        Assert.Contains($"DataDirectory = {folder.Path}    # environment FOREGSYTE_DataDirectory", lines);
        Assert.Contains($"Database:Path = {folder.File("foregsyte.duckdb")}    # default", lines);
        Assert.Contains("Logging:LogLevel:Default = Information    # default", lines);
        Assert.Contains(
            "Security:ApiKeys:0:Hash = ********    # environment FOREGSYTE_Security__ApiKeys__0__Hash", lines);
        Assert.DoesNotContain(lines, line => line.Contains("BBBBBB", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.Contains("password", StringComparison.Ordinal));
        Assert.Equal(lines.Order(StringComparer.Ordinal), lines);
        Assert.False(File.Exists(folder.File("foregsyte.duckdb")), "Printing the configuration created the database.");
    }

    [Theory]
    [InlineData("JobService", "Listen:Port = 5200    # default")]
    [InlineData("JobService", "Inference:Addresses:0 = http://127.0.0.1:5201/    # default")]
    [InlineData("JobService", "Sources:AllowedPorts:0 = 443    # default")]
    [InlineData("InferenceService", "Video:Sandbox = Auto    # default")]
    public async Task PrintConfiguration_EachService_PrintsExactlyTheDocumentedSettings(
        string service, string sample)
    {
        var (exitCode, lines) = await RunAsync(service, [], "--print-configuration");

        Assert.Equal(0, exitCode);
        Assert.Contains(sample, lines);
        Assert.All(lines, line => Assert.Matches("^[A-Z][A-Za-z0-9:.]+ = .*    # (default|file|environment)", line));
        Assert.Equal(
            DocumentedSettings.Of(service).Order(),
            lines.Select(line => DocumentedSettings.RowOf(line.Split(" = ")[0]))
                .Where(DocumentedSettings.IsInATable).Distinct().Order());
    }

    [Fact]
    public async Task CheckConfiguration_ValidOne_SucceedsAndCreatesNoFile()
    {
        using var folder = new TemporaryFolder();
        var (exitCode, lines) = await RunAsync(
            "JobService",
            new() { ["DataDirectory"] = folder.Path, ["Pipelines:Directory"] = Pipelines, ["Lisen:Port"] = "1" },
            "--check-configuration");

        Assert.Equal(0, exitCode);
        Assert.Matches("^The configuration is valid: [0-9]+ settings, [0-9]+ of them set[.]$", lines[0]);
        Assert.Equal("# Lisen is not a section of this service and has no effect", lines[1]);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Theory]
    [InlineData("Wait:MaxTimeout", "25:00:00", "MaxTimeout")]
    [InlineData("Wait:MaxTimout", "00:00:10", "Wait:MaxTimout is not a setting")]
    [InlineData("ConfigurationFile", "/nowhere.json", "The configuration file /nowhere.json does not exist")]
    [InlineData("Security:ApiKeysFile", "/nowhere-keys.json", "/nowhere-keys.json")]
    [InlineData("Pipelines:Directory", "/nowhere", "/nowhere does not exist")]
    [InlineData("Listen:Address", "0.0.0.0", "no credentials are configured")]
    public async Task CheckConfiguration_InvalidOne_FailsWithTheReason(string key, string value, string expected)
    {
        using var folder = new TemporaryFolder();
        var settings = new Dictionary<string, string>
        {
            ["DataDirectory"] = folder.Path,
            ["Pipelines:Directory"] = Pipelines,
        };
        settings[key] = value;

        var (exitCode, lines) = await RunAsync("JobService", settings, "--check-configuration");

        Assert.Equal(1, exitCode);
        Assert.Contains(expected, string.Join('\n', lines), StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, IReadOnlyList<string> Lines)> RunAsync(
        string name, Dictionary<string, string> settings, params string[] arguments)
    {
        await using var service = ServiceProcess.LaunchWith(name, settings, arguments);
        var exitCode = await service.Exit.WaitAsync(Wait.Timeout, Token);
        return (exitCode, service.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}

/// <summary>The tables of settings in docs/operations.md.</summary>
internal static class DocumentedSettings
{
    /// <summary>Settings that other texts document.</summary>
    private static readonly string[] Elsewhere = ["ConfigurationFile", "DataDirectory", "Faults:", "Logging:"];

    /// <summary>Name of the row that documents a setting: for an item of a list, the name of the list.</summary>
    public static string RowOf(string setting) => Regex.Replace(setting, ":[0-9]+$", "");

    /// <summary>Whether a table must document a setting.</summary>
    public static bool IsInATable(string setting) =>
        !Elsewhere.Any(name => setting.StartsWith(name, StringComparison.Ordinal));

    /// <summary>The documented settings of a service, including those of both services.</summary>
    public static IEnumerable<string> Of(string service)
    {
        string[] tables = ["Both services", service];
        var heading = "";
        foreach (var line in File.ReadLines(Path.Combine(RepositoryFiles.Root, "docs", "operations.md")))
        {
            if (line.StartsWith('#'))
            {
                heading = line.TrimStart('#').Trim();
            }
            else if (tables.Contains(heading) && line.StartsWith("| ", StringComparison.Ordinal))
            {
                foreach (var setting in NamesIn(line.Split('|')[1].Trim()))
                {
                    yield return setting;
                }
            }
        }
    }

    /// <summary>
    /// "Listen:Tls:CertificateFile, KeyFile" are two settings of one section; OpenTelemetry's variables have none.
    /// </summary>
    private static IEnumerable<string> NamesIn(string cell)
    {
        var names = cell.Split(", ");
        var section = names[0][..(names[0].LastIndexOf(':') + 1)];
        return section.Length == 0 ? [] : names.Select(name => section + name[(name.LastIndexOf(':') + 1)..]);
    }
}
