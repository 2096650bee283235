using System.ComponentModel;
using System.Diagnostics;
using System.IO.Pipes;
using System.Runtime.InteropServices;
using ForegSyte.Inference.Tracing;

namespace ForegSyte.Inference.Video;

/// <summary>
/// One ffmpeg or ffprobe. Disposing it kills and reaps it; nothing survives the call that started it.
/// </summary>
/// <remarks>
/// System.Diagnostics.Process and not CliWrap: CliWrap pushes the output into a stream as fast as it comes, here the
/// reader has to pull, so that a full pipe stops the decoder while the models are busy.
/// The first program of the command line makes a session, and so a process group, of its own (setsid): killing the
/// group kills all there is, also what a decoder that was taken over would have started. What changes its group as well
/// is in the sandbox's process namespace, which ends with its first process.
/// </remarks>
internal sealed partial class ChildProcess : IAsyncDisposable
{
    private const int SigKill = 9;

    private readonly Process _process;
    private readonly ProcessSpan? _span;

    private ChildProcess(string program, Process process, Func<ReadOnlyMemory<char>, bool> onErrorLine)
    {
        _process = process;
        _span = ProcessSpan.Start(program, process.Id);
        ErrorOutput = ReadErrorOutputAsync(onErrorLine);
    }

    /// <summary>Process id.</summary>
    public int Id => _process.Id;

    /// <summary>What the process writes, not yet read.</summary>
    public Stream Output => _process.StandardOutput.BaseStream;

    /// <summary>Ends when the error output does.</summary>
    public Task ErrorOutput { get; }

    /// <summary>Starts a command.</summary>
    /// <param name="command">Program, arguments and input.</param>
    /// <param name="onErrorLine">Called for each line of the error output; false ends the process.</param>
    /// <exception cref="Hosting.Errors.ServiceException">DECODER_LOST: it cannot be started.</exception>
    public static ChildProcess Start(ChildCommand command, Func<ReadOnlyMemory<char>, bool> onErrorLine)
    {
        var start = new ProcessStartInfo(command.Words[0], command.Words.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = "/",
        };
        KeepOnlyNeededEnvironment(start.Environment);
        try
        {
            var process = ChildStarter.Start(start);
            GiveInput(process, command.Input.Span);
            if (process.StandardOutput.BaseStream is PipeStream pipe)
            {
                PipeCapacity.Raise(pipe.SafePipeHandle);
            }

            return new ChildProcess(command.Program, process, onErrorLine);
        }
        catch (Win32Exception failure)
        {
            throw VideoFailures.DecoderLost("it could not be started.", failure);
        }
    }

    /// <summary>
    /// Ends the process and its group at once; whoever reads its output comes to the end of it.
    /// </summary>
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

        // Process leaves streams open that were asked for: without this both pipes wait for the garbage collector.
        _process.StandardOutput.Dispose();
        _process.StandardError.Dispose();
        _process.Dispose();
    }

    /// <summary>
    /// A group outlives a leader that ended by itself, and holds the outputs open. Before the leader has made its group
    /// there is none, and nothing in it; where its number has gone to another process, its group is gone too.
    /// </summary>
    private void KillGroup()
    {
        if (OperatingSystem.IsLinux() && !(_process.HasExited && Directory.Exists($"/proc/{_process.Id}")))
        {
            _ = SendSignal(-_process.Id, SigKill);
        }
    }

    private async Task ReadErrorOutputAsync(Func<ReadOnlyMemory<char>, bool> onErrorLine)
    {
        var isWanted = true;
        await BoundedLines.ReadAsync(_process.StandardError, line => isWanted = onErrorLine(line));
        if (!isWanted)
        {
            Kill();
        }
    }

    /// <summary>A few bytes, which a pipe holds: nobody has to read them for this to return.</summary>
    private static void GiveInput(Process process, ReadOnlySpan<byte> input)
    {
        using var stream = process.StandardInput.BaseStream;
        try
        {
            stream.Write(input);
        }
        catch (IOException)
        {
            // It ended before it could read; its exit code and its last words tell why.
        }
    }

    /// <summary>
    /// FFmpeg listens to variables such as FFREPORT, which writes files, and the service's own may hold secrets.
    /// </summary>
    private static void KeepOnlyNeededEnvironment(IDictionary<string, string?> environment)
    {
        foreach (var name in environment.Keys.Except(["PATH", "LD_LIBRARY_PATH"]).ToArray())
        {
            environment.Remove(name);
        }

        environment["LC_ALL"] = "C";
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int processId, int signal);
}
