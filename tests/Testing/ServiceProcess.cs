using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace ForegSyte.Testing;

/// <summary>A service in its own process, configured by environment variables. Disposing kills it.</summary>
public sealed partial class ServiceProcess : IAsyncDisposable
{
    private const int SigTerm = 15;
    private const int SigCont = 18;
    private const int SigStop = 19;
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(2);

    private readonly Process _process;
    private bool _isDisposed;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly TaskCompletionSource<Uri> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Uri> _secondAddress = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<int> _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private TaskCompletionSource _printed = NewSignal();

    private ServiceProcess(ProcessStartInfo start)
    {
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => Take(line.Data);
        _process.ErrorDataReceived += (_, line) => Take(line.Data);
        _process.Exited += (_, _) => Exited();
    }

    /// <summary>Its output so far.</summary>
    public string Output => string.Join('\n', _lines);

    /// <summary>The address, as soon as it listens.</summary>
    public Task<Uri> Address => _address.Task;

    public int Id => _process.Id;

    /// <summary>The exit code, as soon as it ends.</summary>
    public Task<int> Exit => _exit.Task;

    /// <summary>The second address, for example of Listen:HttpPort, as soon as it listens there.</summary>
    public Task<Uri> SecondAddress => _secondAddress.Task.WaitAsync(StartTimeout);

    /// <summary>Starts a service and returns when it listens.</summary>
    /// <param name="name">"JobService" or "InferenceService".</param>
    /// <param name="settings">Settings by name, for example "Listen:Port".</param>
    /// <param name="command">Optional wrapper, for example strace with its arguments.</param>
    /// <exception cref="ServiceStartException">The service ended or did not listen in time.</exception>
    public static async Task<(ServiceProcess Process, Uri Address)> StartAsync(
        string name, IReadOnlyDictionary<string, string> settings, params string[] command)
    {
        return await ListeningAsync(name, Launch(name, settings, command));
    }

    /// <summary>Starts a program that prints its address as services do and returns when it listens.</summary>
    /// <param name="words">The program and its arguments.</param>
    /// <exception cref="ServiceStartException">The program ended or did not listen in time.</exception>
    public static Task<(ServiceProcess Process, Uri Address)> StartProgramAsync(params string[] words) =>
        StartProgramAsync(new Dictionary<string, string>(), words);

    /// <summary>Starts a program that prints its address as services do and returns when it listens.</summary>
    /// <param name="settings">Settings by name, for example "Listen:Port".</param>
    /// <param name="words">The program and its arguments.</param>
    /// <exception cref="ServiceStartException">The program ended or did not listen in time.</exception>
    public static async Task<(ServiceProcess Process, Uri Address)> StartProgramAsync(
        IReadOnlyDictionary<string, string> settings, params string[] words)
    {
        ArgumentNullException.ThrowIfNull(words);
        return await ListeningAsync(words[0], Launch(words, settings));
    }

    private static async Task<(ServiceProcess Process, Uri Address)> ListeningAsync(
        string name, ServiceProcess service)
    {
        try
        {
            return (service, await service._address.Task.WaitAsync(StartTimeout));
        }
        catch (Exception exception)
        {
            var exitCode = service.Exit.IsCompletedSuccessfully ? await service.Exit : (int?)null;
            await service.DisposeAsync();
            throw new ServiceStartException(name, exitCode, service.Output, exception);
        }
    }

    /// <summary>Starts a service without waiting.</summary>
    public static ServiceProcess Launch(
        string name, IReadOnlyDictionary<string, string> settings, params string[] command) =>
        Launch([.. command, "dotnet", RepositoryFiles.BuiltAssembly($"src/{name}", $"ForegSyte.{name}")], settings);

    /// <summary>Starts a service with command-line arguments, without waiting.</summary>
    public static ServiceProcess LaunchWith(
        string name, IReadOnlyDictionary<string, string> settings, params string[] arguments) =>
        Launch(["dotnet", RepositoryFiles.BuiltAssembly($"src/{name}", $"ForegSyte.{name}"), .. arguments], settings);

    private static ServiceProcess Launch(string[] words, IReadOnlyDictionary<string, string> settings)
    {
        var start = new ProcessStartInfo(words[0], words[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        foreach (var (key, value) in settings)
        {
            // OpenTelemetry variables have no prefix.
            var prefix = key.StartsWith("OTEL_", StringComparison.Ordinal) ? "" : "FOREGSYTE_";
            start.Environment[prefix + key.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        var service = new ServiceProcess(start);
        service._process.Start();
        service._process.BeginOutputReadLine();
        service._process.BeginErrorReadLine();
        return service;
    }

    /// <summary>Returns when the service has printed a text; fails the test after <see cref="Wait.Timeout"/>.</summary>
    /// <exception cref="ServiceStartException">The service ended before.</exception>
    public async Task PrintsAsync(string text)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!Output.Contains(text, StringComparison.Ordinal))
        {
            var printed = _printed.Task;
            if (Output.Contains(text, StringComparison.Ordinal))
            {
                return;
            }

            var left = Wait.Timeout - TimeProvider.System.GetElapsedTime(start);
            Assert.True(
                left > TimeSpan.Zero, $"Timed out after {Wait.Timeout}: it did not print \"{text}\":\n{Output}");
            var ended = await Task.WhenAny(printed, Exit, Task.Delay(left, TestContext.Current.CancellationToken));
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            if (ended == Exit && !Output.Contains(text, StringComparison.Ordinal))
            {
                throw new ServiceStartException(
                    "The service", await Exit, Output,
                    new InvalidOperationException($"It ended before it printed \"{text}\"."));
            }
        }
    }

    /// <summary>Kills the service (SIGKILL).</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await Exit;
    }

    /// <summary>Kills the process and its children, for example a service below strace.</summary>
    public async Task KillTreeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await Exit;
    }

    /// <summary>Stops the service (SIGTERM) and returns its exit code.</summary>
    public async Task<int> StopAsync()
    {
        Signal(SigTerm);
        return await Exit;
    }

    /// <summary>Suspends the process (SIGSTOP).</summary>
    public void Freeze() => Signal(SigStop);

    /// <summary>Resumes a suspended process (SIGCONT).</summary>
    public void Thaw() => Signal(SigCont);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        // A process that ended by itself also raises Exited, whose handler fails on a disposed process.
        await Exit;
        _process.Dispose();
    }

    private void Signal(int signal)
    {
        if (SendSignal(_process.Id, signal) != 0)
        {
            throw new InvalidOperationException($"Signal {signal} to process {_process.Id} failed.");
        }
    }

    private void Take(string? line)
    {
        if (line is null)
        {
            return;
        }

        _lines.Enqueue(line);
        Interlocked.Exchange(ref _printed, NewSignal()).TrySetResult();
        if (ListeningLine().Match(line) is { Success: true } match)
        {
            var address = new Uri(match.Groups["address"].Value);
            if (!_address.TrySetResult(address))
            {
                _secondAddress.TrySetResult(address);
            }
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Exited()
    {
        // Waits for the rest of its output.
        _process.WaitForExit();
        _exit.TrySetResult(_process.ExitCode);
        _address.TrySetException(new InvalidOperationException(
            string.Create(CultureInfo.InvariantCulture, $"The service ended with exit code {_process.ExitCode}.")));
    }

    [GeneratedRegex(@"Now listening on:? (?<address>https?://[^\s""]+)")]
    private static partial Regex ListeningLine();

    [System.Runtime.InteropServices.LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int processId, int signal);
}

/// <summary>A service did not start.</summary>
/// <param name="name">"JobService" or "InferenceService".</param>
/// <param name="exitCode">Its exit code; null after a timeout.</param>
/// <param name="output">Its output.</param>
/// <param name="cause">The cause.</param>
public sealed class ServiceStartException(string name, int? exitCode, string output, Exception cause)
    : Exception($"{name} did not start ({cause.Message}). Its output:\n{output}", cause)
{
    /// <summary>Its exit code; null after a timeout.</summary>
    public int? ExitCode { get; } = exitCode;

    /// <summary>Its output.</summary>
    public string Output { get; } = output;
}
