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
        ["RestrictNamespaces", "PrivateUsers", "ProcSubset", "MemoryDenyWriteExecute"];

    /// <summary>
    /// What systemd does to the mounts of the InferenceService for ProtectProc, ProtectKernelTunables,
    /// ProtectControlGroups, ProtectKernelLogs, ProtectSystem, PrivateTmp and PrivateDevices, and a sandbox in it.
    /// </summary>
    private const string SandboxInTheUnit =
        """
        mount -t proc -o nosuid,nodev,noexec,hidepid=invisible proc /proc
        for path in /proc/sys /proc/irq /proc/bus /proc/fs /proc/sysrq-trigger /sys; do
            if [ -e $path ]; then mount --bind $path $path; mount -o remount,bind,ro $path; fi
        done
        mount --bind /dev/null /proc/kmsg
        mount -o remount,bind,ro /
        mount -t tmpfs -o mode=1777 tmpfs /tmp
        mount -t tmpfs -o nosuid,mode=755 tmpfs /dev
        cd /
        exec setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs --bounding-set -all --inh-caps -all \
            bwrap --unshare-all --die-with-parent --cap-drop ALL --ro-bind /usr /usr \
            --symlink usr/lib /lib --symlink usr/lib64 /lib64 --remount-ro / -- /usr/bin/echo sandboxed
        """;

    /// <summary>The highest exposure of each unit, as systemd-analyze security of systemd 252 computes it.</summary>
    private static readonly Dictionary<string, double> Exposure = new()
    {
        ["foregsyte-jobservice.service"] = 1.4,
        ["foregsyte-inference.service"] = 2.3,
    };

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
        Assert.Contains("Environment=FOREGSYTE_Video__Sandbox=Required", lines);
    }

    [Fact]
    public async Task InferenceUnit_ItsMounts_PermitTheSandbox()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can mount.");

        var (output, _) = await RunAsync(
            "unshare", ["--mount", "--uts", "--propagation", "private", "sh", "-ec", SandboxInTheUnit]);

        Assert.Equal("sandboxed", output.Trim());
    }

    [Theory]
    [MemberData(nameof(Units))]
    public async Task Unit_ExposureDoesNotGrow(string unit)
    {
        var (output, _) = await RunAsync(
            "systemd-analyze", ["security", "--offline=true", "--no-pager", PathOf(unit)]);

        var exposure = System.Text.RegularExpressions.Regex.Match(output, @"exposure level for .*: ([0-9.]+)");
        Assert.True(exposure.Success, output);
        Assert.InRange(
            double.Parse(exposure.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture),
            0,
            Exposure[unit]);
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
        var (_, errors) = await RunAsync("systemd-analyze", ["verify", path]);
        return [.. errors.Split('\n')
            .Where(line => line.Contains("foregsyte", StringComparison.Ordinal))
            .Where(line => !Absent.Any(known => line.Contains(known, StringComparison.Ordinal)))];
    }

    private static async Task<(string Output, string Errors)> RunAsync(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip($"{program} (Debian's systemd or util-linux) is missing.");
            throw;
        }

        using (process)
        {
            var errors = process.StandardError.ReadToEndAsync(Token);
            var output = await process.StandardOutput.ReadToEndAsync(Token);
            await process.WaitForExitAsync(Token);
            return (output, await errors);
        }
    }

    private static string PathOf(string unit) => Path.Combine(RepositoryFiles.Root, "deploy", "systemd", unit);
}
