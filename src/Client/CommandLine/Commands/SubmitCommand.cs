using System.CommandLine;
using ForegSyte.Client;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;
using ForegSyte.V1;

namespace ForegSyte.CommandLine.Commands;

/// <summary>submit: submits a video and prints the id of its job.</summary>
internal static class SubmitCommand
{
    private const string ValidateOnly = "--validate-only";

    private const string TooLargeToCheck =
        $"Omit {ValidateOnly}, and --transfer if you gave it: the command then uploads the video in parts, and the "
        + "server checks it before it creates the job.";

    public static Command Create(CommandRunner runner)
    {
        var video = new Argument<string?>("FILE|URI")
        {
            Description =
                "Path of a local MP4 of any size, or a file://, https:// or s3:// URI that the server reads itself.",
            Arity = ArgumentArity.ZeroOrOne,
        }.CompletesFiles();
        var fromJob = new Option<string?>("--from-job")
        {
            Description = "Submit the video of this job again, instead of a file or URI.",
            HelpName = "JOB_ID",
        }.CompletesJobs("");
        var validateOnly = new Option<bool>(ValidateOnly)
        {
            Description = "Only check the submission; upload nothing and create no job. For a local file up to 32 MiB "
                + "or one that the server can read itself, a URI, or --from-job.",
        };
        var submission = new SubmissionOptions();
        var json = SharedOptions.Json("the job");
        var command = new Command("submit", "Submit a video and print the id of its job.")
        {
            video, fromJob, validateOnly, json,
        };
        submission.AddTo(command);
        video.Validators.Add(VideoArgument.RefuseMisspeltAddress);
        command.Validators.Add(result =>
        {
            if (result.GetResult(video) is { Tokens.Count: > 0 } == result.GetResult(fromJob) is not null)
            {
                result.AddError("Give either a file, a URI or --from-job.");
            }

            // The conversion of an invalid value has its own error, and reading the value would throw.
            if (result.GetResult(submission.Transfer) is not { Implicit: false, Tokens: [var transfer] } given)
            {
                return;
            }

            if (result.GetResult(fromJob) is not null
                || (result.GetResult(video) is { Tokens: [var source] }
                    && VideoArgument.AddressIn(source.Value) is not null))
            {
                result.AddError($"{given.Option.Name} is only for a local file; omit it for a URI or --from-job.");
            }
            else if (result.GetResult(validateOnly) is { Implicit: false }
                && transfer.Value.Equals(nameof(VideoTransfer.Upload), StringComparison.OrdinalIgnoreCase))
            {
                result.AddError(
                    $"{ValidateOnly} cannot be combined with {given.Option.Name} upload, because it uploads nothing.");
            }
        });
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            async (context, token) =>
            {
                var options = submission.Read(arguments) with { ValidateOnly = arguments.GetValue(validateOnly) };
                try
                {
                    var job = arguments.GetValue(fromJob) is { } source
                        ? await context.Client.SubmitFromJobAsync(
                            await context.JobIdAsync(source, token), options, cancellationToken: token)
                        : await SubmitAsync(context, arguments.GetRequiredValue(video)!, options, token);
                    await WriteAsync(context, job, options.ValidateOnly, arguments.GetValue(json));
                    return ExitCode.Ok;
                }
                catch (ForegSyteException failure)
                    when (failure.Reason == ErrorReason.MessageTooLarge && options.ValidateOnly)
                {
                    ErrorReport.Write(context.Error, failure, context.IsVerbose, advice: TooLargeToCheck);
                    return ExitCodes.Of(failure);
                }
            },
            cancellationToken));
        return command;
    }

    private static async Task<Job> SubmitAsync(
        CommandContext context, string video, SubmitOptions options, CancellationToken cancellationToken) =>
        VideoArgument.AddressIn(video) is { } uri
            ? await context.Client.SubmitVideoAsync(uri, options, cancellationToken: cancellationToken)
            : await FileSubmission.SubmitAsync(
                context, context.Environment.PathOf(video), options, cancellationToken);

    private static async Task WriteAsync(CommandContext context, Job job, bool isValidation, bool isJson)
    {
        var output = context.Environment.Output;
        await output.WriteLineAsync(
            isJson ? SafeText.Json(job) : isValidation ? "valid" : SafeText.OneLine(job.JobId));
        context.Hint(isValidation
            ? "The server accepts this submission. No job was created."
            : $"To follow it: foregsyte wait {job.JobId}");
    }
}
