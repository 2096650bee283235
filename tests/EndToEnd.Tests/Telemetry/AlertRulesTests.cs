using System.ComponentModel;
using System.Text.Json;
using System.Text.RegularExpressions;
using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Protocol.Errors;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.EndToEnd.Tests.Telemetry;

/// <summary>The alert rules and the dashboard are valid and consistent with the code.</summary>
public sealed partial class AlertRulesTests
{
    private static readonly string Folder = Path.Combine(RepositoryFiles.Root, "deploy", "prometheus");

    /// <summary>The promtool that eng/setup.sh --test downloads if the package is not installed.</summary>
    private static readonly string Fetched = Path.Combine(RepositoryFiles.Root, "out", "tools", "promtool");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("check", "rules", "alerts.yml")]
    [InlineData("check", "config", "prometheus.yml")]
    [InlineData("test", "rules", "alerts.test.yml")]
    public async Task Promtool_AcceptsTheFiles(string verb, string what, string file)
    {
        var run = await RunAsync(verb, what, file);

        Assert.True(run.ExitCode == 0, $"promtool: {run.StandardOutput}{run.StandardError}");
        Assert.Contains("SUCCESS", run.StandardOutput, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Promtool_ChangedRule_FailsItsTest()
    {
        using var folder = new TemporaryFolder();
        var rules = await File.ReadAllTextAsync(Path.Combine(Folder, "alerts.yml"), Token);
        var changed = rules.Replace("age_seconds > 1800", "age_seconds > 18000", StringComparison.Ordinal);
        Assert.NotEqual(rules, changed);
        await File.WriteAllTextAsync(folder.File("alerts.yml"), changed, Token);
        File.Copy(Path.Combine(Folder, "alerts.test.yml"), folder.File("alerts.test.yml"));

        var run = await RunAsync("test", "rules", folder.File("alerts.test.yml"));

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("ForegSyteQueueOld", run.StandardError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Alerts_EachHasATestAndARowInTheDocument()
    {
        var rules = await File.ReadAllTextAsync(Path.Combine(Folder, "alerts.yml"), Token);
        var tests = await File.ReadAllTextAsync(Path.Combine(Folder, "alerts.test.yml"), Token);
        var document = await File.ReadAllTextAsync(
            Path.Combine(RepositoryFiles.Root, "docs", "observability.md"), Token);

        Assert.NotEmpty(Alert().Matches(rules));
        Assert.All(Alert().Matches(rules).Select(alert => alert.Groups["name"].Value), name =>
        {
            Assert.Matches($@"alertname: {name}\n\s+exp_alerts:", tests);
            Assert.Contains($"| {name} |", document, StringComparison.Ordinal);
        });
    }

    /// <summary>With a misspelt reason, callers' mistakes would raise alerts.</summary>
    [Fact]
    public async Task Rules_ExcludeOnlyPublishedReasons()
    {
        var rules = await File.ReadAllTextAsync(Path.Combine(Folder, "alerts.yml"), Token);
        var published = Enum.GetValues<ErrorReason>().Skip(1).Select(reason => reason.ToText()).ToHashSet();

        var excluded = ExcludedReasons().Match(rules).Groups["reasons"].Value.Split('|');

        Assert.NotEmpty(excluded);
        Assert.Empty(excluded.Except(published));
    }

    [Fact]
    public async Task Dashboard_IsJsonWithTitledPanelsThatDoNotOverlap()
    {
        var text = await File.ReadAllTextAsync(
            Path.Combine(RepositoryFiles.Root, "deploy", "grafana", "foregsyte.json"), Token);
        using var dashboard = JsonDocument.Parse(text);
        var panels = dashboard.RootElement.GetProperty("panels").EnumerateArray().ToList();

        Assert.Equal(panels.Count, panels.Select(panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
        Assert.All(panels, panel => Assert.NotEmpty(panel.GetProperty("title").GetString()!));
        var cells = panels.SelectMany(panel => CellsOf(panel.GetProperty("gridPos"))).ToList();
        Assert.Equal(cells.Count, cells.Distinct().Count());
    }

    /// <summary>The cells of Grafana's grid that a panel covers.</summary>
    private static IEnumerable<(int X, int Y)> CellsOf(JsonElement position)
    {
        int Of(string name) => position.GetProperty(name).GetInt32();
        return
            from x in Enumerable.Range(Of("x"), Of("w"))
            from y in Enumerable.Range(Of("y"), Of("h"))
            select (x, y);
    }

    private static async Task<BufferedCommandResult> RunAsync(params string[] arguments)
    {
        try
        {
            return await Cli.Wrap(File.Exists(Fetched) ? Fetched : "promtool")
                .WithArguments(arguments)
                .WithWorkingDirectory(Folder)
                .WithValidation(CommandResultValidation.None)
                .ExecuteBufferedAsync(Token);
        }
        catch (Win32Exception)
        {
            Assert.Skip("promtool is missing: run eng/setup.sh --test (Debian package prometheus).");
            throw;
        }
    }

    [GeneratedRegex(@"alert: (?<name>\w+)")]
    private static partial Regex Alert();

    [GeneratedRegex(@"reason!~""(?<reasons>[^""]+)""")]
    private static partial Regex ExcludedReasons();
}
