using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using ForegSyte.Client;
using ForegSyte.CommandLine.Annotation;
using ForegSyte.CommandLine.Output;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;
using Grpc.Core;
using Spectre.Console;

namespace ForegSyte.CommandLine.Invocation;

/// <summary>The names that the client's errors give to what the user sets by arguments and variables.</summary>
internal static partial class ClientSettings
{
    private static readonly Dictionary<string, string> Arguments = new(StringComparer.Ordinal)
    {
        ["Address"] = "--server",
        ["ApiKey"] = $"the API key ({CredentialOptions.ApiKeyVariable} or --api-key-file)",
        ["ApiKeyFile"] = "--api-key-file",
        ["BearerToken"] = $"the token ({CredentialOptions.TokenVariable} or --token-file)",
        ["CaFile"] = "--ca-file",
        ["CertificateFile"] = "--certificate-file",
        ["KeyFile"] = "--key-file",
        ["set AllowUnencrypted"] = "allow it with --allow-unencrypted",
        ["AllowUnencrypted"] = "--allow-unencrypted",
        ["ValidateOnly"] = "--validate-only",
        ["Transfer"] = "--transfer",
    };

    /// <summary>Replaces the names of the client's options, which the user of the command line does not know.</summary>
    public static string InArguments(string message) => Names().Replace(message, name => Arguments[name.Value]);

    [GeneratedRegex(
        @"\bset AllowUnencrypted\b|\b(Address|ApiKey|ApiKeyFile|BearerToken|CaFile|CertificateFile|KeyFile"
        + @"|AllowUnencrypted|ValidateOnly|Transfer)\b")]
    private static partial Regex Names();
}

/// <summary>Prints errors: one red line, the invalid fields, and what to do.</summary>
internal static class ErrorReport
{
    private static readonly Style Red = new(Color.Red);

    /// <summary>Writes a failure.</summary>
    /// <param name="console">Console to write to.</param>
    /// <param name="failure">The failure.</param>
    /// <param name="verbose">Whether to print the whole cause.</param>
    /// <param name="jobId">Job of the failure, if the command has several; otherwise null.</param>
    /// <param name="advice">What the user can do; null means the usual advice for the failure, empty none.</param>
    public static void Write(
        IAnsiConsole console, Exception failure, bool verbose, string? jobId = null, string? advice = null)
    {
        var subject = jobId is null ? "" : SafeText.OneLine($"{jobId}: ");
        console.WriteLine($"error: {subject}{Headline(failure)}", Red);
        if (failure is ForegSyteException { FieldViolations: var violations })
        {
            // A single violation usually repeats the message.
            foreach (var violation in violations.Where(violation => violation.Description != failure.Message))
            {
                console.WriteLine(SafeText.OneLine($"  {violation.Field}: {violation.Description}"));
            }
        }

        if ((advice ?? AdviceFor(failure)) is { Length: > 0 } line)
        {
            console.WriteLine($"  {line}");
        }

        if (verbose)
        {
            console.WriteLine(failure.ToString());
        }
    }

    /// <summary>Writes the errors of the arguments.</summary>
    public static void WriteUsage(IAnsiConsole console, ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        // A misspelt command is also a missing one.
        var errors = parsed.UnmatchedTokens.Count > 0 && command.Subcommands.Count > 0
            ? parsed.Errors.Where(error => parsed.UnmatchedTokens.Any(
                token => error.Message.Contains($"'{token}'", StringComparison.Ordinal)))
            : parsed.Errors;
        foreach (var error in errors.DefaultIfEmpty(parsed.Errors[0]))
        {
            console.WriteLine(
                $"error: {SafeText.OneLine(OptionValues.ErrorText(error) + GuessFor(error, parsed))}", Red);
        }

        console.WriteLine(command is RootCommand
            ? "  'foregsyte --help' lists the commands."
            : $"  '{PathOf(parsed.CommandResult)} --help' lists its arguments and options.");
    }

    /// <summary>For example "foregsyte search texts".</summary>
    private static string PathOf(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{PathOf(parent)} {command.Command.Name}" : "foregsyte";

    /// <summary>The command or option that the user may have meant, as a question; empty for other errors.</summary>
    private static string GuessFor(ParseError error, ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var unknown = parsed.UnmatchedTokens.FirstOrDefault(
            token => error.Message.Contains($"'{token}'", StringComparison.Ordinal));
        if (unknown is null)
        {
            return "";
        }

        var shared = parsed.RootCommandResult.Command.Options.Where(option => option.Recursive);
        return unknown.StartsWith('-')
            ? NearestNames.Question(unknown, command.Options.Concat(shared).Select(option => option.Name).Distinct())
            : NearestNames.Question(unknown, command.Subcommands.Select(known => known.Name));
    }

    /// <summary>Writes an error about a missing option.</summary>
    public static void WriteUsage(IAnsiConsole console, string error, string advice)
    {
        console.WriteLine($"error: {error}", Red);
        console.WriteLine($"  {advice}");
    }

    private static string Headline(Exception failure) => SafeText.OneLine(failure switch
    {
        ForegSyteException { ReasonText.Length: > 0 } refused => $"{refused.ReasonText}: {refused.Message}",
        OperationCanceledException => "Interrupted.",
        ArgumentException => ClientSettings.InArguments(failure.Message),
        ForegSyteException or AnnotationException or IOException or TimeoutException
            or UnauthorizedAccessException => failure.Message,
        _ => $"Unexpected error: {failure.Message} --verbose prints the cause.",
    });

    /// <summary>Returns what the user can do, or null if the message says it.</summary>
    private static string? AdviceFor(Exception failure) => failure switch
    {
        ForegSyteException { Code: StatusCode.Unavailable, Reason: ErrorReason.Unspecified } =>
            $"Start the server, or select another one with --server ADDRESS or {GlobalOptions.ServerVariable}.",
        ForegSyteException { Reason: ErrorReason.QueueFull } full => QueueFullAdvice(full.RetryAfter),
        ForegSyteException { RetryAfter: { } delay } => $"Try again in {DurationText.Approximate(delay)}.",
        ForegSyteException { Reason: ErrorReason.UnknownPipeline } =>
            "'foregsyte pipelines' lists the pipelines of the server.",
        ForegSyteException { Reason: ErrorReason.JobNotFound } => "'foregsyte list' shows the newest jobs.",
        ForegSyteException { Reason: ErrorReason.ResultsNotReady } =>
            "'foregsyte get JOB_ID' shows the status of the job, and why it has no results.",
        FileNotFoundException or DirectoryNotFoundException when failure.Message.Contains('\uFFFD') =>
            "The name is not valid UTF-8, and foregsyte can only open files with such a name. Rename the file, or make "
            + "a link to it: ln -s FILE video.mp4",
        ForegSyteException { Reason: ErrorReason.RequestIdConflict } =>
            "Use a different --request-id for each video, or omit it.",
        ForegSyteException { Reason: ErrorReason.MessageTooLarge } =>
            "Omit --transfer to upload the video in parts.",
        ForegSyteException { Reason: ErrorReason.SourceNotAllowed } refused when !IsOfWebhook(refused) =>
            "The server reads videos only from the sources in its options Submit:AllowedRoots, Sources:AllowedHosts "
            + "and Sources:S3:Buckets. 'foregsyte submit FILE' without --transfer sends the video itself.",
        ForegSyteException { Reason: ErrorReason.UploadNotFound } =>
            "The upload expired or was aborted. Run the same command to upload the video again.",
        ForegSyteException { Reason: ErrorReason.TooManyUploads } =>
            "Try again later: unfinished uploads expire.",
        ForegSyteException { Reason: ErrorReason.WrongJobStatus } =>
            "'foregsyte get JOB_ID' shows the status. 'cancel' and 'update --priority' need a pending or running job, "
            + "'retry' a failed or cancelled one, 'delete' one that has ended.",
        ForegSyteException { Reason: ErrorReason.VideoGone } =>
            "'foregsyte submit FILE' creates a new job from the video.",
        ForegSyteException { Reason: ErrorReason.Unauthenticated } =>
            $"Set your API key in {CredentialOptions.ApiKeyVariable} or --api-key-file, or use --token-file, or "
            + "--certificate-file with --key-file.",
        ForegSyteException { Reason: ErrorReason.DecoderUnavailable } =>
            "The FFmpeg of the InferenceService is broken, not the video: its operator must repair it. Then run "
            + "the job again: foregsyte retry JOB_ID.",
        ForegSyteException { Reason: ErrorReason.JobCancelled } => "'foregsyte retry JOB_ID' runs the job again.",
        _ => null,
    };

    private static bool IsOfWebhook(ForegSyteException refused) =>
        refused.FieldViolations.Any(violation => violation.Field.StartsWith("webhook", StringComparison.Ordinal));

    private static string QueueFullAdvice(TimeSpan? delay)
    {
        var when = delay is { } asked ? $"in {DurationText.Approximate(asked)}" : "later";
        return $"Try again {when}. 'foregsyte submit' and 'analyze' wait with --wait-for-place; "
            + "'foregsyte list --status pending' shows the waiting jobs.";
    }
}
