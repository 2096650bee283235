using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace ForegSyte.Testing;

/// <summary>
/// A real service in a process of its own, with its settings in the environment. Disposing kills it if it still runs.
/// </summary>
public sealed partial class ServiceProcess : IAsyncDisposable
{
    private const int SigTerm = 15;
    private const int SigCont = 18;
    private const int SigStop = 19;
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(2);

    private readonly Process _process;
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

    /// <summary>Everything that it printed so far.</summary>
    public string Output => string.Join('\n', _lines);

    /// <summary>Where it listens, when it does.</summary>
    public Task<Uri> Address => _address.Task;

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <summary>Its exit code, when it has one.</summary>
    public Task<int> Exit => _exit.Task;

    /// <summary>The second address on which it listens, such as that of Listen:HttpPort, when it does.</summary>
    public Task<Uri> SecondAddress => _secondAddress.Task.WaitAsync(StartTimeout);

    /// <summary>Starts a service and returns when it listens.</summary>
    /// <param name="name">"JobService" or "InferenceService".</param>
    /// <param name="settings">Settings by name, for example "Listen:Port".</param>
    /// <param name="command">
    /// A program that runs it, with its arguments, such as strace; none for the service itself.
    /// </param>
    /// <exception cref="ServiceStartException">It ended, or took too long.</exception>
    public static async Task<(ServiceProcess Process, Uri Address)> StartAsync(
        string name, IReadOnlyDictionary<string, string> settings, params string[] command)
    {
        var service = Launch(name, settings, command);
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

    /// <summary>Starts a service without waiting, for tests in which it refuses to start.</summary>
    public static ServiceProcess Launch(
        string name, IReadOnlyDictionary<string, string> settings, params string[] command) =>
        Launch([.. command, "dotnet", AssemblyOf(name)], settings);

    /// <summary>Starts a service with arguments of its own, without waiting.</summary>
    public static ServiceProcess LaunchWith(
        string name, IReadOnlyDictionary<string, string> settings, params string[] arguments) =>
        Launch(["dotnet", AssemblyOf(name), .. arguments], settings);

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
            // OpenTelemetry's own variables have names of their own.
            var prefix = key.StartsWith("OTEL_", StringComparison.Ordinal) ? "" : "FOREGSYTE_";
            start.Environment[prefix + key.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        var service = new ServiceProcess(start);
        service._process.Start();
        service._process.BeginOutputReadLine();
        service._process.BeginErrorReadLine();
        return service;
    }

    /// <summary>Returns when it has printed a text.</summary>
    /// <exception cref="ServiceStartException">It ended before.</exception>
    public async Task PrintsAsync(string text)
    {
        while (!Output.Contains(text, StringComparison.Ordinal))
        {
            var printed = _printed.Task;
            if (Output.Contains(text, StringComparison.Ordinal))
            {
                return;
            }

            if (await Task.WhenAny(printed, Exit) == Exit && !Output.Contains(text, StringComparison.Ordinal))
            {
                throw new ServiceStartException(
                    "The service", await Exit, Output, new InvalidOperationException($"It never printed \"{text}\"."));
            }
        }
    }

    /// <summary>Ends it at once, as a crash would (SIGKILL), and returns when it is gone.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await Exit;
    }

    /// <summary>The same for it and all its children, such as the service below strace.</summary>
    public async Task KillTreeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await Exit;
    }

    /// <summary>Asks it to end (SIGTERM) and returns its exit code.</summary>
    public async Task<int> StopAsync()
    {
        Signal(SigTerm);
        return await Exit;
    }

    /// <summary>Stops it in its tracks (SIGSTOP): it keeps its memory, its files and its connections.</summary>
    public void Freeze() => Signal(SigStop);

    /// <summary>Lets a frozen one go on (SIGCONT).</summary>
    public void Thaw() => Signal(SigCont);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await Exit;
        }

        _process.Dispose();
    }

    private void Signal(int signal)
    {
        if (SendSignal(_process.Id, signal) != 0)
        {
            throw new InvalidOperationException($"Process {_process.Id} took no signal.");
        }
    }

    private static string AssemblyOf(string name)
    {
        // Tests and services are built with the same configuration, into folders of the same form.
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        return Path.Combine(
            RepositoryFiles.Root, "src", name, "bin", output.Parent!.Name, output.Name, $"ForegSyte.{name}.dll");
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
        // Drains what it printed last.
        _process.WaitForExit();
        _exit.TrySetResult(_process.ExitCode);
        _address.TrySetException(new InvalidOperationException(
            string.Create(CultureInfo.InvariantCulture, $"It ended with exit code {_process.ExitCode}.")));
    }

    [GeneratedRegex(@"Now listening on:? (?<address>https?://[^\s""]+)")]
    private static partial Regex ListeningLine();

    [System.Runtime.InteropServices.LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int processId, int signal);
}
