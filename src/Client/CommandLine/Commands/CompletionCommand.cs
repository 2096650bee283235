using System.CommandLine;
using ForegSyte.CommandLine.Running;

namespace ForegSyte.CommandLine.Commands;

/// <summary>completion: writes the script with which a shell completes this command line.</summary>
internal static class CompletionCommand
{
    /// <summary>The command.</summary>
    public static Command Create(CommandEnvironment environment)
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new Command(
            "completion",
            """
            Write a script with which a shell completes commands, options, files, jobs and pipelines.

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
                (await ScriptOfAsync(arguments.GetRequiredValue(shell), cancellationToken)).AsMemory(),
                cancellationToken);
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static async Task<string> ScriptOfAsync(string shell, CancellationToken cancellationToken)
    {
        using var script = new StreamReader(
            typeof(CompletionCommand).Assembly.GetManifestResourceStream($"foregsyte.{shell}")!);
        return await script.ReadToEndAsync(cancellationToken);
    }
}
