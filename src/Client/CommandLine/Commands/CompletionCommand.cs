using System.CommandLine;
using ForegSyte.CommandLine.Invocation;

namespace ForegSyte.CommandLine.Commands;

/// <summary>completion: prints the completion script of a shell.</summary>
internal static class CompletionCommand
{
    public static Command Create(CommandEnvironment environment)
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new Command(
            "completion",
            """
            Print a script that completes commands, options, files, jobs and pipelines in a shell.

              bash  source <(foregsyte completion bash)        in ~/.bashrc
              zsh   source <(foregsyte completion zsh)         in ~/.zshrc, after compinit
              fish  foregsyte completion fish | source         in ~/.config/fish/config.fish
            """)
        {
            shell,
        };
        command.SetAction(async (arguments, cancellationToken) =>
        {
            await environment.Output.WriteAsync(
                (await ReadScriptAsync(arguments.GetRequiredValue(shell), cancellationToken)).AsMemory(),
                cancellationToken);
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static async Task<string> ReadScriptAsync(string shell, CancellationToken cancellationToken)
    {
        using var script = new StreamReader(
            typeof(CompletionCommand).Assembly.GetManifestResourceStream($"foregsyte.{shell}")!);
        return await script.ReadToEndAsync(cancellationToken);
    }
}
