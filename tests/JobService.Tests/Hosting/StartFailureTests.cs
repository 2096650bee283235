using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using ForegSyte.Testing;

namespace ForegSyte.Jobs.Tests.Hosting;

/// <summary>The real program reports a failed start in exactly one line, without stack traces.</summary>
public sealed partial class StartFailureTests : IDisposable
{
    private static readonly TimeSpan ExitTimeout = TimeSpan.FromMinutes(1);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Start_PortIsTaken_PrintsOneLine()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;

        await AssertOneLineAsync(
            "address already in use", ("Listen:Port", port.ToString(CultureInfo.InvariantCulture)));
    }

    [Fact]
    public Task Start_OptionOutOfRange_PrintsOneLine() =>
        AssertOneLineAsync("Dispatch:MaxConcurrentJobs must be between", ("Dispatch:MaxConcurrentJobs", "0"));

    [Fact]
    public async Task Start_DataDirectoryIsAFile_PrintsOneLine()
    {
        await File.WriteAllTextAsync(_folder.File("file"), "", TestContext.Current.CancellationToken);

        await AssertOneLineAsync(
            $"DataDirectory must be a folder; {_folder.File("file")} is a file.",
            ("DataDirectory", _folder.File("file")));
    }

    /// <summary>Retention is no setting that verify itself uses.</summary>
    [Fact]
    public async Task Command_SettingThatTheStartRefuses_IsRefused()
    {
        await using var command = ServiceProcess.LaunchWith(
            "JobService", new Dictionary<string, string> { ["DataDirectory"] = _folder.Path },
            "verify", "--Retention:MaxAge=soon");

        Assert.Equal(2, await command.Exit.WaitAsync(ExitTimeout, TestContext.Current.CancellationToken));
        Assert.Contains("Retention:MaxAge is 'soon'", command.Output, StringComparison.Ordinal);
    }

    /// <summary>Starts the JobService and expects one line that is not informational.</summary>
    private async Task AssertOneLineAsync(string expected, params (string Key, string Value)[] settings)
    {
        var all = new Dictionary<string, string>
        {
            ["DataDirectory"] = _folder.Path,
            ["Listen:Port"] = "0",
            ["Pipelines:Directory"] = Path.Combine(RepositoryFiles.Data, "pipelines"),

            // That no InferenceService is reachable is a warning of its own.
            ["Logging:LogLevel:ForegSyte.Jobs.Inference"] = "Error",
        };
        foreach (var (key, value) in settings)
        {
            all[key] = value;
        }

        await using var service = ServiceProcess.Launch("JobService", all);
        var exitCode = await service.Exit.WaitAsync(ExitTimeout, TestContext.Current.CancellationToken);

        Assert.Equal(1, exitCode);
        var lines = service.Output.Split('\n').Where(line => !Informational().IsMatch(line)).ToList();
        Assert.True(lines.Count == 1, $"The start printed {lines.Count} lines of problems:\n{service.Output}");
        Assert.StartsWith("JobService failed: ", lines[0], StringComparison.Ordinal);
        Assert.Contains(expected, lines[0], StringComparison.Ordinal);
    }

    [GeneratedRegex(@"^\S+Z (info|dbug|trce): ")]
    private static partial Regex Informational();
}
