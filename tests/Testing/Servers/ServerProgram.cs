using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace ForegSyte.Testing.Servers;

/// <summary>A server program as a child process, killed with this process even if this process is killed.</summary>
internal sealed partial class ServerProgram : IAsyncDisposable
{
    private const int SigKill = 9;
    private const int SigTerm = 15;
    private const int SigCont = 18;
    private const int SigStop = 19;
    private const int KeptLines = 500;
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Prints the id of the server and kills it when standard input closes, which happens when this process ends.
    /// </summary>
    private const string Script = """
        exec 3<&0
        (echo "$BASHPID"; exec "$@") </dev/null 3<&- &
        server=$!
        (read -r <&3; kill -KILL "$server") >/dev/null 2>&1 &
        watch=$!
        wait "$server"
        code=$?
        kill "$watch" 2>/dev/null
        exit "$code"
        """;

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly TaskCompletionSource<int> _id = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServerProgram(string[] command, string folder)
    {
        var start = new ProcessStartInfo("bash", ["-c", Script, "server", .. command])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        start.Environment["LC_ALL"] = "C.UTF-8";
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => Take(line.Data);
        _process.ErrorDataReceived += (_, line) => Take(line.Data);
        _process.Exited += (_, _) => _exit.TrySetResult();
    }

    /// <summary>Completes when the server has ended.</summary>
    public Task Exit => _exit.Task;

    /// <summary>Its last lines.</summary>
    public string Output => string.Join('\n', _lines);

    /// <summary>Id of the server's first process.</summary>
    public int Id => _id.Task.IsCompletedSuccessfully
        ? _id.Task.GetAwaiter().GetResult()
        : throw new InvalidOperationException("The server has not started.");

    /// <summary>Starts a program.</summary>
    public static async Task<ServerProgram> StartAsync(string[] command, string folder)
    {
        var program = new ServerProgram(command, folder);
        program._process.Start();
        program._process.BeginOutputReadLine();
        program._process.BeginErrorReadLine();
        if (await Task.WhenAny(program._id.Task, program.Exit) == program.Exit && !program._id.Task.IsCompleted)
        {
            throw new InvalidOperationException($"{command[0]} did not start: {program.Output}");
        }

        return program;
    }

    /// <summary>Stops the server with a signal; kills it if it does not end.</summary>
    public async Task StopAsync(int signal = SigTerm)
    {
        if (!Exit.IsCompleted)
        {
            Continue();
            _ = SendSignal(Id, signal);
            if (await Task.WhenAny(Exit, Task.Delay(StopTimeout)) != Exit)
            {
                await KillAsync();
            }
        }
    }

    /// <summary>Kills the server and its processes (SIGKILL) and returns when none is left.</summary>
    public async Task KillAsync()
    {
        // The children first: they could outlive their parent unseen.
        var processes = Processes();
        foreach (var id in processes)
        {
            _ = SendSignal(id, SigStop);
        }

        foreach (var id in processes.Concat(Processes()).Distinct())
        {
            _ = SendSignal(id, SigKill);
        }

        await Exit;
        while (processes.Any(ChildProcesses.IsRunning))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10));
        }
    }

    /// <summary>Suspends all its processes (SIGSTOP) and returns when all their threads stand still.</summary>
    public void Freeze()
    {
        var ids = Processes().ToList();
        foreach (var id in ids)
        {
            _ = SendSignal(id, SigStop);
        }

        SpinWait.SpinUntil(() => ids.TrueForAll(IsSuspended));
    }

    /// <summary>Resumes all its processes (SIGCONT).</summary>
    public void Continue()
    {
        foreach (var id in Processes())
        {
            _ = SendSignal(id, SigCont);
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (!Exit.IsCompleted)
        {
            await KillAsync();
        }

        _process.Dispose();
    }

    /// <summary>Ids of its processes.</summary>
    public int[] Processes() => Exit.IsCompleted ? [] : [Id, .. ChildProcesses.Below(Id)];

    private void Take(string? line)
    {
        if (line is null)
        {
            return;
        }

        if (!_id.Task.IsCompleted && int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
        {
            _id.SetResult(id);
            return;
        }

        _lines.Enqueue(line);
        if (_lines.Count > KeptLines)
        {
            _lines.TryDequeue(out _);
        }
    }

    /// <summary>Whether all threads of a process are stopped, or it has ended.</summary>
    private static bool IsSuspended(int id)
    {
        try
        {
            return Directory.EnumerateDirectories($"/proc/{id}/task")
                .Select(thread => File.ReadAllText(Path.Combine(thread, "stat")))
                .All(line => line[line.LastIndexOf(')')..].StartsWith(") T", StringComparison.Ordinal));
        }
        catch (IOException)
        {
            // The process or a thread ended meanwhile.
            return !Directory.Exists($"/proc/{id}");
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int processId, int signal);
}
