using System.Diagnostics;
using ForegSyte.Testing;

namespace ForegSyte.Architecture.Tests.Deployment;

/// <summary>systemd accepts the units of deploy/systemd, and they permit the sandbox of decoders.</summary>
public sealed class SystemdUnitTests
{
    /// <summary>Complaints about programs that are not installed here.</summary>
    private static readonly string[] Absent = ["is not executable", "Command /usr/lib/foregsyte"];

    /// <summary>Directives that prevent the sandbox of decoders.</summary>
    private static readonly string[] AgainstBubblewrap =
    [
        "RestrictNamespaces", "PrivateUsers", "ProtectKernelTunables", "ProtectKernelLogs", "ProtectControlGroups",
        "ProtectHostname", "ProtectProc", "ProcSubset", "MemoryDenyWriteExecute",
    ];

    public static TheoryData<string> Units => new("foregsyte-jobservice.service", "foregsyte-inference.service");

    private static System.Globalization.CultureInfo Invariant => System.Globalization.CultureInfo.InvariantCulture;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Units))]
    public async Task Unit_PassesSystemdAnalyze(string unit) => Assert.Empty(await ComplaintsAsync(PathOf(unit)));

    [Theory]
    [MemberData(nameof(Units))]
    public async Task Unit_Mistake_IsFound(string unit)
    {
        using var folder = new TemporaryFolder();
        var changed = folder.File(unit);
        var text = await File.ReadAllTextAsync(PathOf(unit), Token);
        await File.WriteAllTextAsync(
            changed, text.Replace("PrivateTmp=", "PrivateTemp=", StringComparison.Ordinal), Token);

        Assert.Contains("PrivateTemp", Assert.Single(await ComplaintsAsync(changed)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task InferenceUnit_PermitsTheSandbox()
    {
        var lines = await File.ReadAllLinesAsync(PathOf("foregsyte-inference.service"), Token);

        Assert.DoesNotContain(lines, line => AgainstBubblewrap.Any(name =>
            line.StartsWith(name + "=", StringComparison.Ordinal)));
        Assert.Contains("SystemCallFilter=@system-service @mount", lines);
    }

    [Theory]
    [MemberData(nameof(Units))]
    public async Task Unit_IsLimitedInMemoryAndTasks(string unit)
    {
        var lines = await File.ReadAllLinesAsync(PathOf(unit), Token);
        Assert.Single(lines, line => line.StartsWith("MemoryMax=", StringComparison.Ordinal));
        Assert.Single(lines, line => line.StartsWith("TasksMax=", StringComparison.Ordinal));
    }

    [Fact]
    public async Task InferenceUnit_MemoryAndTasks_MatchTheDefaults()
    {
        var lines = await File.ReadAllLinesAsync(PathOf("foregsyte-inference.service"), Token);
        DefaultMemory.Check(long.Parse(ValueOf("MemoryMax").TrimEnd('G'), Invariant) << 30);
        Assert.InRange(int.Parse(ValueOf("TasksMax"), Invariant), DefaultMemory.Tasks, int.MaxValue);

        string ValueOf(string name) => Assert.Single(
            lines, line => line.StartsWith(name + "=", StringComparison.Ordinal)).Split('=')[1];
    }

    [Theory]
    [MemberData(nameof(Units))]
    public async Task Unit_HasTimeToStop(string unit)
    {
        var stop = new ForegSyte.Hosting.Stopping.StopOptions();
        var lines = await File.ReadAllLinesAsync(PathOf(unit), Token);
        var seconds = int.Parse(
            Assert.Single(lines, line => line.StartsWith("TimeoutStopSec=", StringComparison.Ordinal)).Split('=')[1],
            System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(
            TimeSpan.FromSeconds(seconds), stop.GraceTime + stop.CancelTime + TimeSpan.FromTicks(1), TimeSpan.MaxValue);
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
