using ForegSyte.Client;

namespace ForegSyte.CommandLine.Running;

/// <summary>What the command line gets from the process it runs in; tests give their own.</summary>
internal sealed record CommandEnvironment
{
    /// <summary>Where results go.</summary>
    public required TextWriter Output { get; init; }

    /// <summary>Where progress, hints and errors go.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Whether <see cref="Output"/> is a terminal, which gets colours.</summary>
    public bool OutputIsTerminal { get; init; }

    /// <summary>Whether <see cref="Error"/> is a terminal, which gets a live progress bar.</summary>
    public bool ErrorIsTerminal { get; init; }

    /// <summary>Reads an answer, one line; null at the end of the input.</summary>
    public Func<string?> ReadLine { get; init; } = () => null;

    /// <summary>Whether <see cref="ReadLine"/> reads from a terminal.</summary>
    public bool InputIsTerminal { get; init; }

    /// <summary>Whether a person sees a question and can answer it.</summary>
    public bool CanAsk => InputIsTerminal && ErrorIsTerminal;

    /// <summary>Folder that relative paths start from.</summary>
    public required string CurrentFolder { get; init; }

    /// <summary>Reads an environment variable.</summary>
    public required Func<string, string?> EnvironmentVariable { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>The time, UTC.</summary>
    public DateTimeOffset Now => TimeProvider.GetUtcNow();

    /// <summary>The client's settings but for the address and the clock.</summary>
    public ForegSyteClientOptions ClientOptions { get; init; } = new();

    /// <summary>The environment of this process.</summary>
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

    /// <summary>Absolute path of a path that a person gave.</summary>
    public string PathOf(string path) => Path.GetFullPath(path, CurrentFolder);
}
