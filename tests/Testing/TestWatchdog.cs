using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Xunit;

namespace ForegSyte.Testing;

/// <summary>
/// Watches the running tests. It cancels a test at its time limit. If a test ignores that, or if no test runs for a
/// long time because a fixture hangs, it names the culprit, writes a memory dump to out/hangs, kills the child
/// processes and ends the test process with <see cref="HangExitCode"/>.
/// </summary>
internal static partial class TestWatchdog
{
    /// <summary>Overrides every limit, for example "00:00:30".</summary>
    public const string LimitVariable = "FOREGSYTE_TEST_TIME_LIMIT";

    /// <summary>Overrides <see cref="GracePeriod"/>.</summary>
    public const string GraceVariable = "FOREGSYTE_TEST_GRACE_PERIOD";

    /// <summary>Exit code of a test process that was ended because it hangs.</summary>
    public const int HangExitCode = 70;

    /// <summary>Time limit for what runs between tests: fixtures and constructors.</summary>
    private static readonly TimeSpan FixtureLimit = Setting(LimitVariable) ?? TimeSpan.FromMinutes(15);

    private static readonly TimeSpan DumpTimeout = TimeSpan.FromMinutes(1);
    private static readonly ConcurrentDictionary<string, RunningTest> Running = new();
    private static readonly Timer Timer = new(_ => Check(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

    private static long _lastActivity = TimeProvider.System.GetTimestamp();
    private static string _lastTest = "none yet";
    private static int _isEnding;

    /// <summary>Time for a cancelled test to end.</summary>
    public static TimeSpan GracePeriod { get; } = Setting(GraceVariable) ?? TimeSpan.FromMinutes(1);

    /// <summary>The limit of an attribute, unless the environment overrides it. Starts the watchdog.</summary>
    public static TimeSpan LimitOf(int minutes)
    {
        GC.KeepAlive(Timer);
        return Setting(LimitVariable) ?? TimeSpan.FromMinutes(minutes);
    }

    /// <summary>Starts the clock of the current test. A later call for the same test replaces its limit.</summary>
    public static void Start(string id, string name, TimeSpan limit)
    {
        Running[id] = new RunningTest(name, limit, TimeProvider.System.GetTimestamp(), TestContext.Current);
        NoteActivity(name);
    }

    /// <summary>Stops the clock of a test; fails the test if it was over its limit.</summary>
    public static void Stop(string id)
    {
        if (Running.TryRemove(id, out var test))
        {
            NoteActivity(test.Name);
            Assert.False(test.IsCancelled, $"{test.Name} exceeded its time limit of {test.Limit} and was cancelled.");
        }
    }

    private static void Check()
    {
        foreach (var test in Running.Values)
        {
            if (test.Elapsed > test.Limit + GracePeriod)
            {
                EndProcess($"{test.Name} hangs: it runs for {test.Elapsed:hh\\:mm\\:ss}, its time limit is "
                    + $"{test.Limit}, and it ignored its cancellation.");
            }
            else if (test.Elapsed > test.Limit && !test.IsCancelled)
            {
                test.IsCancelled = true;
                Print($"{test.Name} exceeded its time limit of {test.Limit}; cancelling it.");
                test.Context.CancelCurrentTest();
            }
        }

        var idle = TimeProvider.System.GetElapsedTime(Volatile.Read(ref _lastActivity));
        if (Running.IsEmpty && idle > FixtureLimit)
        {
            EndProcess($"A fixture or a constructor hangs: no test ran for {idle:hh\\:mm\\:ss}. The last test was "
                + $"{_lastTest}.");
        }
    }

    private static void EndProcess(string reason)
    {
        if (Interlocked.Exchange(ref _isEnding, 1) == 1)
        {
            return;
        }

        var folder = Directory.CreateDirectory(Path.Combine(RepositoryFiles.Root, "out", "hangs")).FullName;
        var file = Path.Combine(folder, string.Create(
            CultureInfo.InvariantCulture,
            $"{Path.GetFileNameWithoutExtension(Environment.ProcessPath)}-{Environment.ProcessId}"));
        var children = ChildProcesses.Below(Environment.ProcessId);
        var text = string.Join('\n', [
            $"TEST HANG: {reason}",
            .. Running.Values.Select(test => $"  running: {test.Name}, {test.Elapsed:hh\\:mm\\:ss}"),
            .. children.Select(id => $"  child process: {id} {ChildProcesses.NameOf(id)}"),
            $"  memory dump: {WriteDump(file + ".dmp")}; open it with dotnet-dump, then clrstack -all or dumpasync",
        ]);
        Print(text);
        File.WriteAllText(file + ".txt", text + "\n");
        foreach (var id in children)
        {
            Kill(id);
        }

        // Not Environment.Exit, which waits for handlers that can hang as well.
        Exit(HangExitCode);
    }

    /// <summary>
    /// Writes a dump of this process with the runtime's createdump; returns its path or why there is none.
    /// </summary>
    private static string WriteDump(string path)
    {
        try
        {
            var program = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "createdump");
            using var dump = Process.Start(new ProcessStartInfo(
                program, ["--withheap", "-f", path, Environment.ProcessId.ToString(CultureInfo.InvariantCulture)])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            return dump.WaitForExit(DumpTimeout) && dump.ExitCode == 0 ? path : "none, createdump failed";
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            return $"none, {missing.Message}";
        }
    }

    private static void Kill(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            process.Kill();
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException)
        {
            // It has ended.
        }
    }

    private static void NoteActivity(string test)
    {
        _lastTest = test;
        Volatile.Write(ref _lastActivity, TimeProvider.System.GetTimestamp());
    }

    /// <summary>Writes past Console.Error, which a test can redirect.</summary>
    private static void Print(string text)
    {
        using var error = Console.OpenStandardError();
        error.Write(System.Text.Encoding.UTF8.GetBytes($"\n{text}\n"));
    }

    private static TimeSpan? Setting(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text
            ? TimeSpan.Parse(text, CultureInfo.InvariantCulture)
            : null;

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void Exit(int code);

    private sealed record RunningTest(string Name, TimeSpan Limit, long Started, ITestContext Context)
    {
        public bool IsCancelled { get; set; }

        public TimeSpan Elapsed => TimeProvider.System.GetElapsedTime(Started);
    }
}
