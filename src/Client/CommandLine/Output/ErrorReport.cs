using System.CommandLine;
using ForegSyte.Client;
using Spectre.Console;

namespace ForegSyte.CommandLine.Output;

/// <summary>Errors for people: one red line, the fields that are wrong, and what to do.</summary>
internal static class ErrorReport
{
    private static readonly Style Red = new(Color.Red);

    /// <summary>Writes a failure.</summary>
    /// <param name="console">Where to.</param>
    /// <param name="failure">What went wrong.</param>
    /// <param name="verbose">Whether to tell the whole cause.</param>
    /// <param name="about">Which of several jobs it is about; null where there is one.</param>
    public static void Write(IAnsiConsole console, Exception failure, bool verbose, string? about = null)
    {
        var subject = about is null ? "" : SafeText.OneLine($"{about}: ");
        console.WriteLine($"error: {subject}{Headline(failure)}", Red);
        if (failure is ForegSyteException { FieldViolations: var violations })
        {
            // One violation usually says what the message says.
            foreach (var violation in violations.Where(violation => violation.Description != failure.Message))
            {
                console.WriteLine(SafeText.OneLine($"  {violation.Field}: {violation.Description}"));
            }
        }

        if (ErrorAdvice.For(failure) is { } advice)
        {
            console.WriteLine($"  {advice}");
        }

        if (verbose)
        {
            console.WriteLine(failure.ToString());
        }
    }

    /// <summary>Writes what is wrong with the command line itself.</summary>
    public static void WriteUsage(IAnsiConsole console, ParseResult parsed)
    {
        foreach (var error in parsed.Errors)
        {
            console.WriteLine($"error: {SafeText.OneLine(error.Message)}", Red);
        }

        var command = parsed.CommandResult.Command;
        console.WriteLine(command is RootCommand
            ? "  'foregsyte --help' shows the commands."
            : $"  'foregsyte {command.Name} --help' shows what it takes.");
    }

    /// <summary>Writes what a command needs and was not given.</summary>
    public static void WriteUsage(IAnsiConsole console, string error, string advice)
    {
        console.WriteLine($"error: {error}", Red);
        console.WriteLine($"  {advice}");
    }

    private static string Headline(Exception failure) => SafeText.OneLine(failure switch
    {
        ForegSyteException { ReasonText.Length: > 0 } refused => $"{refused.ReasonText}: {refused.Message}",
        OperationCanceledException => "Interrupted.",
        ForegSyteException or Annotation.AnnotationException or IOException or TimeoutException
            or UnauthorizedAccessException => failure.Message,
        _ => $"{failure.GetType().Name}: {failure.Message}",
    });
}
