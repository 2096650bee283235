using ForegSyte.Client;
using ForegSyte.CommandLine.Waiting;
using Spectre.Console;

namespace ForegSyte.CommandLine.Running;

/// <summary>What a command works with.</summary>
/// <param name="Client">The server.</param>
/// <param name="Environment">The process.</param>
/// <param name="Output">Results for people, on standard output.</param>
/// <param name="Error">Hints, on standard error.</param>
/// <param name="Progress">Progress, on standard error.</param>
/// <param name="IsVerbose">Whether to tell the whole cause of an error.</param>
internal sealed record CommandContext(
    ForegSyteClient Client,
    CommandEnvironment Environment,
    IAnsiConsole Output,
    IAnsiConsole Error,
    IProgressDisplay Progress,
    bool IsVerbose)
{
    /// <summary>Writes a hint to standard error.</summary>
    public void Hint(string text) => Error.WriteLine(text, new Style(decoration: Decoration.Dim));
}
