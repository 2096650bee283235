using System.ComponentModel;
using System.Diagnostics;
using System.IO.Pipes;
using ForegSyte.Inference.Tracing;

namespace ForegSyte.Inference.Video;

/// <summary>
/// One ffmpeg or ffprobe. Disposing it kills and reaps it; nothing survives the call that started it.
/// </summary>
/// <remarks>
/// System.Diagnostics.Process and not CliWrap: CliWrap pushes the output into a stream as fast as it comes, here the
/// reader has to pull, so that a full pipe stops the decoder while the models are busy.
/// The command line replaces itself step by step (setsid, nice, prlimit, ffmpeg) and never forks: killing the one
/// process kills all there is.
/// </remarks>
internal sealed class ChildProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ProcessSpan? _span;

    private ChildProcess(string name, Process process, Func<ReadOnlyMemory<char>, bool> onErrorLine)
    {
        _process = process;
        _span = ProcessSpan.Start(name, process.Id);
        ErrorOutput = ReadErrorOutputAsync(onErrorLine);
    }

    /// <summary>Process id.</summary>
    public int Id => _process.Id;

    /// <summary>What the process writes, not yet read.</summary>
    public Stream Output => _process.StandardOutput.BaseStream;

    /// <summary>Ends when the error output does.</summary>
    public Task ErrorOutput { get; }

    /// <summary>Starts a command.</summary>
    /// <param name="name">What the program is, for traces: "ffmpeg".</param>
    /// <param name="command">Program and arguments.</param>
    /// <param name="onErrorLine">Called for each line of the error output; false ends the process.</param>
    /// <exception cref="Hosting.Errors.ServiceException">DECODER_LOST: it cannot be started.</exception>
    public static ChildProcess Start(
        string name, IReadOnlyList<string> command, Func<ReadOnlyMemory<char>, bool> onErrorLine)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
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
            var process = Process.Start(start)!;
            process.StandardInput.Close();
            if (process.StandardOutput.BaseStream is PipeStream pipe)
            {
                PipeCapacity.Raise(pipe.SafePipeHandle);
            }

            return new ChildProcess(name, process, onErrorLine);
        }
        catch (Win32Exception failure)
        {
            throw VideoFailures.DecoderLost("it could not be started.", failure);
        }
    }

    /// <summary>Ends the process at once; whoever reads its output comes to the end of it.</summary>
    public void Kill() => _process.Kill();

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
        _process.Dispose();
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
}
