using System.Diagnostics;
using ForegSyte.Testing;

namespace ForegSyte.Architecture.Tests.Deployment;

/// <summary>The units of deploy/systemd are what systemd understands, and leave bubblewrap what it needs.</summary>
public sealed class SystemdUnitTests
{
    /// <summary>What a unit says of programs that are not installed where the test runs.</summary>
    private static readonly string[] Absent = ["is not executable", "Command /usr/lib/foregsyte"];

    /// <summary>Directives that keep a process from making the sandbox of a decoder.</summary>
    private static readonly string[] AgainstBubblewrap =
    [
        "RestrictNamespaces", "PrivateUsers", "ProtectKernelTunables", "ProtectKernelLogs", "ProtectControlGroups",
        "ProtectHostname", "ProtectProc", "ProcSubset", "MemoryDenyWriteExecute",
    ];

    public static TheoryData<string> Units => new("foregsyte-jobservice.service", "foregsyte-inference.service");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Units))]
    public async Task Unit_IsVerifiedBySystemd(string unit) => Assert.Empty(await ComplaintsAsync(PathOf(unit)));

    [Theory]
    [MemberData(nameof(Units))]
    public async Task Systemd_APlantedMistake_IsFound(string unit)
    {
        using var folder = new TemporaryFolder();
        var planted = folder.File(unit);
        var text = await File.ReadAllTextAsync(PathOf(unit), Token);
        await File.WriteAllTextAsync(
            planted, text.Replace("PrivateTmp=", "PrivateTemp=", StringComparison.Ordinal), Token);

        Assert.Contains("PrivateTemp", Assert.Single(await ComplaintsAsync(planted)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task InferenceUnit_LeavesDecodersTheirSandbox()
    {
        var lines = await File.ReadAllLinesAsync(PathOf("foregsyte-inference.service"), Token);

        Assert.DoesNotContain(lines, line => AgainstBubblewrap.Any(name =>
            line.StartsWith(name + "=", StringComparison.Ordinal)));
        Assert.Contains("SystemCallFilter=@system-service @mount", lines);
    }

    [Theory]
    [MemberData(nameof(Units))]
    public async Task Unit_GivesTheServiceItsTimeToStop(string unit)
    {
        var stop = new ForegSyte.Hosting.Stopping.StopOptions();
        var lines = await File.ReadAllLinesAsync(PathOf(unit), Token);
        var seconds = int.Parse(
            Assert.Single(lines, line => line.StartsWith("TimeoutStopSec=", StringComparison.Ordinal)).Split('=')[1],
            System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(TimeSpan.FromSeconds(seconds) > stop.GraceTime + stop.CancelTime);
    }

    private static async Task<IReadOnlyList<string>> ComplaintsAsync(string path)
    {
        var start = new ProcessStartInfo("systemd-analyze", ["verify", path]) { RedirectStandardError = true };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("systemd-analyze (Debian's systemd) is missing.");
            throw;
        }

        using (process)
        {
            var lines = (await process.StandardError.ReadToEndAsync(Token)).Split('\n');
            await process.WaitForExitAsync(Token);
            return [.. lines
                .Where(line => line.Contains("foregsyte", StringComparison.Ordinal))
                .Where(line => !Absent.Any(known => line.Contains(known, StringComparison.Ordinal)))];
        }
    }

    private static string PathOf(string unit) => Path.Combine(RepositoryFiles.Root, "deploy", "systemd", unit);
}
