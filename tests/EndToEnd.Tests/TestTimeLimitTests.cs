using System.Diagnostics;
using ForegSyte.Testing;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>The time limit of tests, checked on tests that hang in a second process of this test program.</summary>
public sealed class TestTimeLimitTests
{
    /// <summary>Exit code of TestWatchdog.</summary>
    private const int HangExitCode = 70;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public Task Hanging_WaitsForItsToken() => Task.Delay(Timeout.InfiniteTimeSpan, Token);

    [Fact(Explicit = true)]
    public void Hanging_IgnoresItsToken()
    {
        using var never = new ManualResetEventSlim();
        never.Wait(CancellationToken.None);
    }

    [Fact]
    public async Task Hang_TestObservesItsToken_FailsWithItsName()
    {
        var (exitCode, output) = await RunHangingAsync(nameof(Hanging_WaitsForItsToken));

        Assert.NotEqual(0, exitCode);
        Assert.NotEqual(HangExitCode, exitCode);
        Assert.Contains(
            $"{nameof(Hanging_WaitsForItsToken)} exceeded its time limit of 00:00:01",
            output,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hang_TestIgnoresItsToken_EndsTheProcessAndNamesTheTest()
    {
        var (exitCode, output) = await RunHangingAsync(nameof(Hanging_IgnoresItsToken));

        Assert.Equal(HangExitCode, exitCode);
        Assert.Contains($"{nameof(Hanging_IgnoresItsToken)} hangs", output, StringComparison.Ordinal);
        Assert.Contains("memory dump: ", output, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Output)> RunHangingAsync(string method)
    {
        var name = $"{typeof(TestTimeLimitTests).FullName}.{method}";
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["-explicit", "only", "-method", name])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // This process can run under Microsoft.Testing.Platform, whose variables would change the runner of the child.
        foreach (var variable in start.Environment.Keys.Where(IsOfThePlatform).ToList())
        {
            start.Environment.Remove(variable);
        }

        start.Environment["FOREGSYTE_TEST_TIME_LIMIT"] = "00:00:01";
        start.Environment["FOREGSYTE_TEST_GRACE_PERIOD"] = "00:00:05";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(Token);
        var error = process.StandardError.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        foreach (var dump in Directory.GetFiles(
            Directory.CreateDirectory(Path.Combine(RepositoryFiles.Root, "out", "hangs")).FullName,
            $"*-{process.Id}.*"))
        {
            File.Delete(dump);
        }

        return (process.ExitCode, await output + await error);
    }

    private static bool IsOfThePlatform(string variable) =>
        variable.StartsWith("TESTINGPLATFORM", StringComparison.OrdinalIgnoreCase)
        || variable.StartsWith("DOTNET_CLI_TEST", StringComparison.OrdinalIgnoreCase);
}
