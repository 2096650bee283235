using System.Text.Json;
using System.Text.RegularExpressions;
using ForegSyte.Testing;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>The options --print-configuration and --check-configuration of both services.</summary>
public sealed partial class ConfigurationTests
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
        Assert.Contains("Wait:MaxTimeout = 40s    # environment FOREGSYTE_Wait__MaxTimeout", lines);
        Assert.Contains($"Submit:AllowedRoots:1 = /srv/b    # file {file}", lines);
        Assert.Contains("Stop:GraceTime = 20s    # default", lines);
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

    /// <summary>The number of settings is that of the example in docs/operations.md.</summary>
    [Fact]
    public async Task CheckConfiguration_ValidOne_SucceedsAndCreatesNoFile()
    {
        var example = Assert.Single(
            await File.ReadAllLinesAsync(Path.Combine(RepositoryFiles.Root, "docs", "operations.md"), Token),
            line => line.StartsWith("The configuration is valid: ", StringComparison.Ordinal));
        using var folder = new TemporaryFolder();
        var (exitCode, lines) = await RunAsync(
            "JobService",
            new() { ["DataDirectory"] = folder.Path, ["Pipelines:Directory"] = Pipelines },
            "--check-configuration");

        Assert.Equal(0, exitCode);
        Assert.Matches("^The configuration is valid: [0-9]+ settings, [0-9]+ of them set[.]$", lines[0]);
        Assert.Equal(example.Split(',')[0], lines[0].Split(',')[0]);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task CheckConfiguration_UnknownSection_FailsAndNamesTheNearest()
    {
        using var folder = new TemporaryFolder();
        var (exitCode, lines) = await RunAsync(
            "JobService",
            new() { ["DataDirectory"] = folder.Path, ["Pipelines:Directory"] = Pipelines, ["Lisen:Port"] = "1" },
            "--check-configuration");

        Assert.Equal(1, exitCode);
        Assert.StartsWith("# Lisen is not a section of this service", Assert.Single(lines), StringComparison.Ordinal);
        Assert.EndsWith("Did you mean 'Listen'?", lines[0], StringComparison.Ordinal);
    }

    /// <summary>A duration and a size as people write them.</summary>
    [Fact]
    public async Task PrintConfiguration_Units_AreRead()
    {
        var (exitCode, lines) = await RunAsync(
            "JobService",
            new() { ["Retention:MaxAge"] = "7d 12h", ["Submit:MaxVideoBytes"] = "500MiB" },
            "--print-configuration");

        Assert.Equal(0, exitCode);
        Assert.Contains(lines, line => line.StartsWith("Retention:MaxAge = 7d 12h    # ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("Submit:MaxVideoBytes = 500MiB ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("JobService", "Submit:MaxVideoBytes = 64GiB")]
    [InlineData("InferenceService", "Video:Sandbox = Auto")]
    public async Task Help_EachService_NamesItsSettings(string service, string sample)
    {
        var (exitCode, lines) = await RunAsync(service, [], "--help");

        Assert.Equal(0, exitCode);
        Assert.Contains(lines, line => line.StartsWith($"  {sample}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Wait:MaxTimeout", "25:00:00", "MaxTimeout")]
    [InlineData("Wait:MaxTimout", "00:00:10", "Wait:MaxTimout is not a setting")]
    [InlineData("Tenants:PerTenant:acme:MaxJob", "1", "Tenants:PerTenant:acme:MaxJob is not a setting")]
    [InlineData("Tenants:PerTenant:acme:MaxJobs", "many", "Tenants:PerTenant:acme:MaxJobs")]
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

    [Theory]
    [InlineData("JobService", "environment")]
    [InlineData("JobService", "command line")]
    [InlineData("JobService", "file")]
    [InlineData("InferenceService", "environment")]
    [InlineData("InferenceService", "command line")]
    public async Task Start_DurationsWithoutDays_AreRefusedWithWhatToWrite(string service, string source)
    {
        using var folder = new TemporaryFolder();
        var (_, printed) = await RunAsync(service, [], "--print-configuration");
        var durations = printed.Select(line => Duration().Match(line)).Where(match => match.Success)
            .Select(match => match.Groups["name"].Value)
            .ToList();
        Assert.InRange(durations.Count, 15, 200);

        // Every source is checked by one start; which settings are durations does not depend on the source.
        var isRepeated = source == "environment";
        do
        {
            // Options that are needed to build the service are refused before the others are read.
            var failure = await FailureOfAsync(service, source, durations, folder);
            var refused = durations.Where(name => failure.Contains(
                $"{name} is '168:00:00'. Write 7d if 168 means hours, or 168d if it means days.",
                StringComparison.Ordinal)).ToList();
            Assert.True(refused.Count > 0, $"{string.Join(", ", durations)} are not refused: {failure}");
            durations = [.. durations.Except(refused)];
        }
        while (isRepeated && durations.Count > 0);

        Assert.False(File.Exists(folder.File("foregsyte.duckdb")), "The failed start created the database.");
    }

    [Theory]
    [InlineData("JobService", "'verfy' is neither a command nor a setting. Did you mean 'verify'?", "verfy")]
    [InlineData("JobService", "Did you mean 'backup'?", "bakup", "--to=/nowhere")]
    [InlineData("JobService", "'verify' is a command. Write it first", "--Listen:Port=0", "verify")]
    [InlineData("JobService", "JobService verify: 'stray' is neither", "verify", "stray")]
    [InlineData("InferenceService", "'verify' is neither a command nor a setting.", "verify")]
    [InlineData("InferenceService", "'--verify' has no value", "--verify")]
    public async Task Start_ArgumentWithoutAMeaning_StartsNothing(
        string service, string expected, params string[] arguments)
    {
        using var folder = new TemporaryFolder();

        var (exitCode, lines) = await RunAsync(service, new() { ["DataDirectory"] = folder.Path }, arguments);

        Assert.Equal(2, exitCode);
        Assert.Contains(expected, Assert.Single(lines), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    /// <summary>The line of a start that fails, with these settings set to 168:00:00.</summary>
    private static async Task<string> FailureOfAsync(
        string service, string source, IReadOnlyList<string> durations, TemporaryFolder folder)
    {
        var unclear = durations.ToDictionary(name => name, _ => "168:00:00");
        var settings = new Dictionary<string, string>
        {
            ["DataDirectory"] = folder.Path,
            ["Pipelines:Directory"] = Pipelines,
        };
        string[] arguments = [];
        switch (source)
        {
            case "environment":
                settings = new(settings.Concat(unclear));
                break;
            case "command line":
                arguments = [.. unclear.Select(setting => $"--{setting.Key}={setting.Value}")];
                break;
            default:
                settings["ConfigurationFile"] = folder.File(".settings.json");
                await File.WriteAllTextAsync(settings["ConfigurationFile"], JsonSerializer.Serialize(unclear), Token);
                break;
        }

        var (exitCode, lines) = await RunAsync(service, settings, arguments);

        Assert.Equal(1, exitCode);
        return Assert.Single(lines);
    }

    [GeneratedRegex(@"^(?<name>\S+) =( [0-9.]+(d|h|m|s|ms|us))+    #")]
    private static partial Regex Duration();

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
