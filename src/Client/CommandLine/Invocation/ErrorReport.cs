using System.CommandLine;
using ForegSyte.Client;
using ForegSyte.CommandLine.Annotation;
using ForegSyte.CommandLine.Output;
using ForegSyte.V1;
using Grpc.Core;
using Spectre.Console;

namespace ForegSyte.CommandLine.Invocation;

/// <summary>Prints errors: one red line, the invalid fields, and what to do.</summary>
internal static class ErrorReport
{
    private static readonly Style Red = new(Color.Red);

    /// <summary>Writes a failure.</summary>
    /// <param name="console">Console to write to.</param>
    /// <param name="failure">The failure.</param>
    /// <param name="verbose">Whether to print the whole cause.</param>
    /// <param name="jobId">Job of the failure, if the command has several; otherwise null.</param>
    /// <param name="advice">What the user can do; null means the usual advice for the failure.</param>
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

        if ((advice ?? AdviceFor(failure)) is { } line)
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
        foreach (var error in parsed.Errors)
        {
            console.WriteLine($"error: {SafeText.OneLine(OptionValues.ErrorText(error))}", Red);
        }

        var command = parsed.CommandResult.Command;
        console.WriteLine(command is RootCommand
            ? "  'foregsyte --help' lists the commands."
            : $"  'foregsyte {command.Name} --help' lists its arguments and options.");
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
        ForegSyteException or AnnotationException or ArgumentException or IOException or TimeoutException
            or UnauthorizedAccessException => failure.Message,
        _ => $"Unexpected error: {failure.Message} --verbose prints the cause.",
    });

    /// <summary>Returns what the user can do, or null if the message says it.</summary>
    private static string? AdviceFor(Exception failure) => failure switch
    {
        ForegSyteException { Code: StatusCode.Unavailable, Reason: ErrorReason.Unspecified } =>
            $"Start the server, or select another one with --server ADDRESS or {GlobalOptions.ServerVariable}.",
        ForegSyteException { Reason: ErrorReason.QueueFull } full => QueueFullAdvice(full.RetryAfter),
        ForegSyteException { RetryAfter: { } delay } => $"Try again in {DurationText.Format(delay)}.",
        ForegSyteException { Reason: ErrorReason.UnknownPipeline } =>
            "'foregsyte pipelines' lists the pipelines of the server.",
        ForegSyteException { Reason: ErrorReason.JobNotFound } => "'foregsyte list' shows the newest jobs.",
        ForegSyteException { Reason: ErrorReason.ResultsNotReady } =>
            "'foregsyte wait JOB_ID' waits until the job is completed. If it has failed, 'foregsyte get JOB_ID' shows "
            + "why, and 'foregsyte retry JOB_ID' runs it again.",
        ForegSyteException { Reason: ErrorReason.RequestIdConflict } =>
            "Use a different --request-id for each video, or omit it.",
        ForegSyteException { Reason: ErrorReason.MessageTooLarge } =>
            "Omit --transfer to upload the video in parts.",
        ForegSyteException { Reason: ErrorReason.SourceNotAllowed } =>
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
            $"Set your API key in {CredentialOptions.ApiKeyVariable}, or write it to a file for --api-key-file.",
        ForegSyteException { Reason: ErrorReason.DecoderUnavailable } =>
            "The FFmpeg of the InferenceService is broken, not the video: its operator must repair it. Then run "
            + "the job again: foregsyte retry JOB_ID.",
        ForegSyteException { Reason: ErrorReason.JobCancelled } => "'foregsyte retry JOB_ID' runs the job again.",
        _ => null,
    };

    private static string QueueFullAdvice(TimeSpan? delay)
    {
        var when = delay is { } asked ? $"in {DurationText.Format(asked)}" : "later";
        return $"Try again {when}. 'foregsyte submit' and 'analyze' wait with --wait-for-place; "
            + "'foregsyte list --status pending' shows the waiting jobs.";
    }
}
