using ForegSyte.Client;

namespace ForegSyte.CommandLine.Invocation;

/// <summary>The process environment of the command line; tests replace it.</summary>
internal sealed record CommandEnvironment
{
    /// <summary>Standard output, for results.</summary>
    public required TextWriter Output { get; init; }

    /// <summary>Opens standard output for bytes instead of <see cref="Output"/>.</summary>
    public Func<Stream> OpenOutput { get; init; } = Console.OpenStandardOutput;

    /// <summary>Standard error, for progress, hints and errors.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Whether <see cref="Output"/> is a terminal, which gets colors.</summary>
    public bool OutputIsTerminal { get; init; }

    /// <summary>Whether <see cref="Error"/> is a terminal, which gets a live progress bar.</summary>
    public bool ErrorIsTerminal { get; init; }

    /// <summary>Reads a line of standard input; null at its end.</summary>
    public Func<string?> ReadLine { get; init; } = () => null;

    /// <summary>Whether <see cref="ReadLine"/> reads from a terminal.</summary>
    public bool InputIsTerminal { get; init; }

    /// <summary>Whether a user can see a question and answer it.</summary>
    public bool CanAsk => InputIsTerminal && ErrorIsTerminal;

    /// <summary>Base folder of relative paths.</summary>
    public required string CurrentFolder { get; init; }

    /// <summary>Reads an environment variable.</summary>
    public required Func<string, string?> EnvironmentVariable { get; init; }

    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Current time, UTC.</summary>
    public DateTimeOffset Now => TimeProvider.GetUtcNow();

    /// <summary>Options of the client except address, credentials and clock.</summary>
    public ForegSyteClientOptions ClientOptions { get; init; } = new();

    public static CommandEnvironment OfThisProcess() => new()
    {
        Output = Console.Out,
        Error = Console.Error,
        ReadLine = Console.ReadLine,
        InputIsTerminal = !Console.IsInputRedirected,
        OutputIsTerminal = !Console.IsOutputRedirected,
        ErrorIsTerminal = !Console.IsErrorRedirected,
        CurrentFolder = Environment.CurrentDirectory,
        EnvironmentVariable = Environment.GetEnvironmentVariable,
    };

    /// <summary>Converts a path from the command line to an absolute path.</summary>
    public string PathOf(string path) => Path.GetFullPath(path, CurrentFolder);
}
