using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.IO.Pipes;
using System.Runtime.InteropServices;
using ForegSyte.Inference.Tracing;
using ForegSyte.Video;

namespace ForegSyte.Inference.Video;

/// <summary>The command line and the input of a child process.</summary>
/// <param name="Program">Name of the program that does the work, for traces: "ffmpeg".</param>
/// <param name="Words">All programs and arguments; the programs of the sandbox come first.</param>
/// <param name="Input">Bytes for its standard input; they must fit into a pipe.</param>
/// <param name="Descriptor">The only descriptor that it inherits, under the same number; null for none.</param>
internal sealed record ChildCommand(
    string Program, IReadOnlyList<string> Words, ReadOnlyMemory<byte> Input = default, SafeHandle? Descriptor = null)
{
    private const string AddressSpace = "--as=";

    /// <summary>The same command with a limit of address space in bytes, if prlimit(1) sets a higher one.</summary>
    public ChildCommand Within(long? addressSpace) => addressSpace is { } bytes
        ? this with
        {
            Words = [.. Words.Select(word => word.StartsWith(AddressSpace, StringComparison.Ordinal)
                && long.Parse(word.AsSpan(AddressSpace.Length), CultureInfo.InvariantCulture) > bytes
                ? string.Create(CultureInfo.InvariantCulture, $"{AddressSpace}{bytes}")
                : word)],
        }
        : this;
}

/// <summary>The result of a child process that ran to its end.</summary>
/// <param name="ExitCode">0 for success; 128 + n stands for signal n.</param>
/// <param name="Output">Lines of its output.</param>
/// <param name="Errors">The last lines of its error output.</param>
internal sealed record ChildProcessResult(int ExitCode, IReadOnlyList<string> Output, LogTail Errors);

/// <summary>One running ffmpeg or ffprobe. Disposing it kills and reaps the process and its process group.</summary>
/// <remarks>
/// System.Diagnostics.Process and not CliWrap: CliWrap pushes the output into a stream as fast as it arrives, but the
/// reader must pull, so that a full pipe stops the decoder while the models are busy.
/// The first program of the command line (setsid) makes a session, and so a process group. Killing the group also kills
/// children of a decoder that an attacker took over. A child that leaves the group is still in the sandbox's process
/// namespace, which ends with its first process.
/// </remarks>
internal sealed partial class ChildProcess : IAsyncDisposable
{
    /// <summary>What Linux grants a pipe without privileges (/proc/sys/fs/pipe-max-size).</summary>
    public const int PipeBytes = 1024 * 1024;

    /// <summary>Maximum number of lines that <see cref="RunAsync"/> keeps.</summary>
    private const int MaxOutputLines = 1000;

    private const int SigKill = 9;

    /// <summary>F_SETPIPE_SZ of fcntl(2).</summary>
    private const int SetPipeSize = 1031;

    private readonly Process _process;
    private readonly ProcessSpan? _span;

    private ChildProcess(
        string program, Process process, Func<ReadOnlyMemory<char>, bool> onErrorLine, Func<Task>? beforeErrorRead)
    {
        _process = process;
        _span = ProcessSpan.Start(program, process.Id);
        ErrorOutput = ReadErrorOutputAsync(onErrorLine, beforeErrorRead);
    }

    public int Id => _process.Id;

    /// <summary>The unread output of the process.</summary>
    public Stream Output => _process.StandardOutput.BaseStream;

    /// <summary>Completes at the end of the error output.</summary>
    public Task ErrorOutput { get; }

    /// <summary>Runs a command to its end.</summary>
    /// <param name="command">Program, arguments and input.</param>
    /// <param name="cancellationToken">Kills the process.</param>
    /// <exception cref="Hosting.Errors.ServiceException">DECODER_LOST: the process cannot start.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async Task<ChildProcessResult> RunAsync(ChildCommand command, CancellationToken cancellationToken)
    {
        var errors = new LogTail();
        var lines = new List<string>();
        await using var process = Start(command, errors.Take);
        await using var kill = cancellationToken.Register(process.Kill);
        await BoundedLines.ReadAsync(new StreamReader(process.Output), line =>
        {
            lines.Add(line.ToString());
            return lines.Count < MaxOutputLines;
        });
        cancellationToken.ThrowIfCancellationRequested();
        return new ChildProcessResult(await process.WaitForExitAsync(), lines, errors);
    }

    /// <summary>Starts a command.</summary>
    /// <param name="command">Program, arguments and input.</param>
    /// <param name="onErrorLine">Called for each line of the error output; false kills the process.</param>
    /// <param name="beforeErrorRead">
    /// Delays the next read of the error output; a full pipe then stops the process. Null for no delay.
    /// </param>
    /// <exception cref="Hosting.Errors.ServiceException">DECODER_LOST: the process cannot start.</exception>
    public static ChildProcess Start(
        ChildCommand command, Func<ReadOnlyMemory<char>, bool> onErrorLine, Func<Task>? beforeErrorRead = null)
    {
        var start = new ProcessStartInfo(command.Words[0], command.Words.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = "/",
        };
        ClearEnvironment(start.Environment);
        try
        {
            var process = ChildProcessStarter.Start(start, command.Descriptor);
            WriteInput(process, command.Input.Span);
            EnlargePipe(process.StandardOutput.BaseStream);
            return new ChildProcess(command.Program, process, onErrorLine, beforeErrorRead);
        }
        catch (Win32Exception failure)
        {
            throw VideoFailures.DecoderLost("it could not be started.", failure);
        }
    }

    /// <summary>Kills the process and its group; a reader of the output reaches its end.</summary>
    public void Kill()
    {
        KillGroup();
        _process.Kill();
    }

    /// <summary>Waits for the end of the process and of its error output. 128 + n stands for signal n.</summary>
    public async Task<int> WaitForExitAsync()
    {
        await ErrorOutput;
        await _process.WaitForExitAsync(CancellationToken.None);
        return _process.ExitCode;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        Kill();
        var exitCode = await WaitForExitAsync();
        _span?.End(exitCode);

        // Process.Dispose leaves open the streams that a caller has asked for; the pipes would wait for the GC.
        _process.StandardOutput.Dispose();
        _process.StandardError.Dispose();
        _process.Dispose();
    }

    /// <summary>
    /// A group outlives a leader that has exited, and holds the outputs open. If the leader's id belongs to another
    /// process by now, the group is gone too.
    /// </summary>
    private void KillGroup()
    {
        if (OperatingSystem.IsLinux() && !(_process.HasExited && Directory.Exists($"/proc/{_process.Id}")))
        {
            _ = SendSignal(-_process.Id, SigKill);
        }
    }

    private async Task ReadErrorOutputAsync(Func<ReadOnlyMemory<char>, bool> onErrorLine, Func<Task>? beforeRead)
    {
        var mustContinue = true;
        await BoundedLines.ReadAsync(_process.StandardError, line => mustContinue = onErrorLine(line), beforeRead);
        if (!mustContinue)
        {
            Kill();
        }
    }

    private static void WriteInput(Process process, ReadOnlySpan<byte> input)
    {
        using var stream = process.StandardInput.BaseStream;
        try
        {
            stream.Write(input);
        }
        catch (IOException)
        {
            // The process ended before it could read; its exit code and its error output say why.
        }
    }

    /// <summary>
    /// A frame through a pipe of the usual 64 KiB wakes both sides dozens of times. If Linux refuses the size, the pipe
    /// keeps its own.
    /// </summary>
    private static void EnlargePipe(Stream output)
    {
        if (OperatingSystem.IsLinux() && output is PipeStream pipe)
        {
            _ = Control(pipe.SafePipeHandle, SetPipeSize, PipeBytes);
        }
    }

    /// <summary>
    /// FFmpeg obeys variables such as FFREPORT, which writes files, and the service's own variables may hold secrets.
    /// </summary>
    private static void ClearEnvironment(IDictionary<string, string?> environment)
    {
        foreach (var name in environment.Keys.Except(["PATH", "LD_LIBRARY_PATH"]).ToArray())
        {
            environment.Remove(name);
        }

        environment["LC_ALL"] = "C";

        // glibc: otherwise each thread reserves 64 MiB of the address space, which is limited.
        environment["MALLOC_ARENA_MAX"] = "1";
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int processId, int signal);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(SafeHandle pipe, int command, int value);
}

/// <summary>Starts all child processes on one thread that lives as long as the service.</summary>
/// <remarks>
/// A child asks the kernel to kill it with its parent, and Linux takes the thread that started it for the parent
/// (prctl(2), PR_SET_PDEATHSIG). A thread of .NET's pool ends when it is idle, and would take the decoder with it.
/// </remarks>
internal static partial class ChildProcessStarter
{
    private const uint FirstAfterStandard = 3;

    /// <summary>CLOSE_RANGE_CLOEXEC of close_range(2).</summary>
    private const uint MarkOnly = 4;

    // fcntl(2).
    private const int SetDescriptorFlags = 2;
    private const int CloseOnExec = 1;

    private static readonly BlockingCollection<Request> Requests = [];

    static ChildProcessStarter() => new Thread(Run) { IsBackground = true, Name = "child process starter" }.Start();

    /// <summary>Starts a process and returns once it runs, as Process.Start does.</summary>
    /// <exception cref="Win32Exception">The process cannot start.</exception>
    /// <param name="start">The program.</param>
    /// <param name="inherited">The only descriptor besides the standard ones that it gets; null for none.</param>
    public static Process Start(ProcessStartInfo start, SafeHandle? inherited)
    {
        var request = new Request(start, inherited, new TaskCompletionSource<Process>());
        Requests.Add(request);

        // Blocking cannot starve the thread pool: the starter thread does nothing else.
        return request.Started.Task.GetAwaiter().GetResult();
    }

    private static void Run()
    {
        foreach (var (start, inherited, started) in Requests.GetConsumingEnumerable())
        {
            try
            {
                started.SetResult(StartNow(start, inherited));
            }
            catch (Exception failure)
            {
                // The caller gets the exception; the thread stays for other callers.
                started.SetException(failure);
            }
        }
    }

    private static Process StartNow(ProcessStartInfo start, SafeHandle? inherited)
    {
        if (OperatingSystem.IsLinux())
        {
            CloseAllOnExec();
        }

        if (inherited is null)
        {
            return Process.Start(start)!;
        }

        var isHeld = false;
        try
        {
            inherited.DangerousAddRef(ref isHeld);
            _ = Control(inherited, SetDescriptorFlags, 0);
            return Process.Start(start)!;
        }
        finally
        {
            if (isHeld)
            {
                // No other program starts meanwhile: all start on this thread.
                _ = Control(inherited, SetDescriptorFlags, CloseOnExec);
                inherited.DangerousRelease();
            }
        }
    }

    /// <summary>
    /// .NET opens descriptors so that programs do not inherit them; native libraries, and whoever started the service,
    /// may not have.
    /// </summary>
    private static void CloseAllOnExec()
    {
        if (TryCloseRange(CloseRange))
        {
            return;
        }

        foreach (var name in Directory.EnumerateFileSystemEntries("/proc/self/fd").Select(Path.GetFileName))
        {
            if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && number >= FirstAfterStandard)
            {
                _ = Control(number, SetDescriptorFlags, CloseOnExec);
            }
        }
    }

    /// <summary>Marks all descriptors at once; false before Linux 5.11 and before glibc 2.34.</summary>
    /// <param name="closeRange">close_range(2).</param>
    internal static bool TryCloseRange(Func<uint, uint, uint, int> closeRange)
    {
        try
        {
            return closeRange(FirstAfterStandard, uint.MaxValue, MarkOnly) == 0;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "close_range")]
    private static partial int CloseRange(uint first, uint last, uint flags);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(SafeHandle descriptor, int command, int value);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int descriptor, int command, int value);

    private sealed record Request(ProcessStartInfo Start, SafeHandle? Inherited, TaskCompletionSource<Process> Started);
}
