namespace ForegSyte.Inference.Video;

/// <summary>What a program said that was asked something at the start.</summary>
/// <param name="ExitCode">0 where all went well; 128 + n stands for signal n.</param>
/// <param name="Output">Lines of its output.</param>
/// <param name="Errors">The last lines of its error output.</param>
internal sealed record ToolRun(int ExitCode, IReadOnlyList<string> Output, LogTail Errors)
{
    /// <summary>Lines that are kept; the longest answer, the list of accelerators, has a dozen.</summary>
    private const int MaxLines = 1000;

    /// <summary>Runs a command to its end.</summary>
    /// <param name="command">Program, arguments and input.</param>
    /// <param name="cancellationToken">Ends the program.</param>
    /// <exception cref="Hosting.Errors.ServiceException">DECODER_LOST: it cannot be started.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async Task<ToolRun> RunAsync(ChildCommand command, CancellationToken cancellationToken)
    {
        var tail = new LogTail();
        var lines = new List<string>();
        await using var process = ChildProcess.Start(command, line =>
        {
            tail.Add(line);
            return true;
        });
        await using var kill = cancellationToken.Register(process.Kill);
        await BoundedLines.ReadAsync(new StreamReader(process.Output), line =>
        {
            lines.Add(line.ToString());
            return lines.Count < MaxLines;
        });
        cancellationToken.ThrowIfCancellationRequested();
        return new ToolRun(await process.WaitForExitAsync(), lines, tail);
    }
}
