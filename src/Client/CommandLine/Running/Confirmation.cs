namespace ForegSyte.CommandLine.Running;

/// <summary>Asks a person before what cannot be taken back.</summary>
internal static class Confirmation
{
    /// <summary>Whether the answer is "y" or "yes"; anything else, and the end of the input, is a no.</summary>
    /// <param name="context">What the command works with; its environment has to be able to ask.</param>
    /// <param name="question">The question, on one line.</param>
    /// <param name="cancellationToken">Ends the wait for the answer.</param>
    public static async Task<bool> AskAsync(
        CommandContext context, string question, CancellationToken cancellationToken)
    {
        var environment = context.Environment;
        await environment.Error.WriteAsync($"{Output.SafeText.OneLine(question)} [y/N] ");
        await environment.Error.FlushAsync(cancellationToken);
        // The console's reader blocks its thread and does not see Ctrl-C: it gets another one, which is left behind.
        var answer = await Task.Run(environment.ReadLine, CancellationToken.None).WaitAsync(cancellationToken);
        return answer?.Trim().ToLowerInvariant() is "y" or "yes";
    }
}
