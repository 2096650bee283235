using ForegSyte.Protocol.Text;

namespace ForegSyte.Hosting.Starting;

/// <summary>The command-line arguments that are not settings.</summary>
public static class StartupArguments
{
    /// <summary>Prints every setting and exits.</summary>
    internal const string Print = "--print-configuration";

    /// <summary>Validates the configuration and exits.</summary>
    internal const string Check = "--check-configuration";

    private static readonly string[] Help = ["-h", "-?", "--help"];

    /// <summary>The arguments without the flags above.</summary>
    internal static string[] SettingsIn(IEnumerable<string> arguments) =>
        [.. arguments.Where(argument => argument is not (Print or Check))];

    /// <summary>Whether the arguments ask for help.</summary>
    public static bool AskForHelp(IReadOnlyList<string> arguments) =>
        arguments.Count == 1 && Help.Contains(arguments[0]);

    /// <summary>
    /// Finds the first argument that the configuration would ignore, such as a misspelt command: what is wrong with it
    /// and what to write. Null if every argument has a meaning.
    /// </summary>
    /// <param name="arguments">The arguments, without the command that runs.</param>
    /// <param name="commands">The commands of the program.</param>
    public static string? ProblemIn(IReadOnlyList<string> arguments, IReadOnlyList<string> commands)
    {
        for (var index = 0; index < arguments.Count; index++)
        {
            var argument = arguments[index];
            if (argument is "" or Print or Check || argument.Contains('='))
            {
                continue;
            }

            var name = argument.TrimStart('-', '/');
            if (commands.Contains(name))
            {
                return $"'{name}' is a command. Write it first and without dashes; settings follow it.";
            }

            // Only a key with two dashes or a slash takes the next argument as its value.
            if (!argument.StartsWith("--", StringComparison.Ordinal) && !argument.StartsWith('/'))
            {
                return $"'{argument}' is neither a command nor a setting. {Advice(name, commands)}";
            }

            if (index + 1 == arguments.Count || arguments[index + 1].StartsWith("--", StringComparison.Ordinal))
            {
                return $"'{argument}' has no value. Write --Section:Option=VALUE. {Advice(name, commands)}";
            }

            index++;
        }

        return null;
    }

    private static string Advice(string word, IReadOnlyList<string> commands)
    {
        var known = commands.Count == 0
            ? "This program has no commands."
            : $"The commands are {string.Join(", ", commands)}.";
        return $"{NearestNames.Question(word, commands)} {known} Settings look like --Listen:Port=6200.".TrimStart();
    }
}
