using System.CommandLine;
using ForegSyte.Client;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;
using ForegSyte.V1;
using Spectre.Console;

namespace ForegSyte.CommandLine.Commands;

/// <summary>analyze: submits a video, waits, saves the results and an annotated copy of the video.</summary>
internal static class AnalyzeCommand
{
    public static Command Create(CommandRunner runner)
    {
        var file = new Argument<string>("FILE") { Description = "Path of a local MP4 of any size." }.CompletesFiles();
        file.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && VideoArgument.AddressIn(token.Value) is { } address)
            {
                result.AddError(
                    $"analyze needs a local file, and '{address}' is an address. Use 'foregsyte submit {address}', and "
                    + "'foregsyte annotate' when the job has ended.");
            }
        });
        var folder = new Option<string>("--output-dir", "-o")
        {
            Description = "Folder for the results document and the annotated video; created if missing.",
            HelpName = "FOLDER",
            DefaultValueFactory = _ => "out",
        }.CompletesFiles();
        var noVideo = new Option<bool>("--no-video") { Description = "Do not create an annotated video." };
        var ffmpeg = AnnotatedCopy.FfmpegOption();
        var submission = new SubmissionOptions();
        var command = new Command(
            "analyze",
            "Submit a video, wait for its job, save the results and an annotated copy, and print a summary. "
            + "With --stride, the frames between analyzed ones show interpolated boxes, dimmed and dashed.")
        {
            file, folder, noVideo, ffmpeg,
        };
        submission.AddTo(command);
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            (context, token) => RunAsync(
                context,
                new Request(
                    context.Environment.PathOf(arguments.GetRequiredValue(file)),
                    submission.Read(arguments),
                    context.Environment.PathOf(arguments.GetRequiredValue(folder)),
                    arguments.GetValue(noVideo) ? null : arguments.GetRequiredValue(ffmpeg)),
                token),
            cancellationToken));
        return command;
    }

    private static async Task<ExitCode> RunAsync(
        CommandContext context, Request request, CancellationToken cancellationToken)
    {
        var job = await FileSubmission.SubmitAsync(context, request.VideoPath, request.Options, cancellationToken);
        context.Error.WriteLine(
            SafeText.OneLine(
                $"Analyzing {Path.GetFileName(request.VideoPath)} with {job.PipelineId} (job {job.JobId})"),
            new Style(decoration: Decoration.Bold));
        job = await WaitAsync(context, request, job.JobId, cancellationToken);
        if (job.Status != JobStatus.Completed)
        {
            JobDetails.WriteFailure(context.Error, job);
            return ExitCodes.Of(job.Status);
        }

        JobDetails.Write(context.Output, job, context.Environment.Now);
        context.Output.WriteLine();
        Directory.CreateDirectory(request.Folder);
        var resultsPath = request.PathOf(".results.json");
        await SaveResultsAsync(context, job, resultsPath, cancellationToken);
        context.WritePath("Results", resultsPath);
        if (request.FfmpegPath is { } ffmpeg)
        {
            await AnnotateAsync(context, request, job, ffmpeg, cancellationToken);
        }

        return ExitCode.Ok;
    }

    private static async Task<Job> WaitAsync(
        CommandContext context, Request request, string jobId, CancellationToken cancellationToken)
    {
        try
        {
            return await JobWaiting.WaitAsync(context, jobId, cancellationToken);
        }
        catch (OperationCanceledException) when (request.FfmpegPath is not null)
        {
            AnnotatedCopy.Hint(context, jobId);
            throw;
        }
    }

    private static async Task AnnotateAsync(
        CommandContext context, Request request, Job job, string ffmpeg, CancellationToken cancellationToken)
    {
        try
        {
            await AnnotatedCopy.MakeAsync(
                context, job, request.VideoPath, request.PathOf(AnnotatedCopy.Suffix), ffmpeg, cancellationToken);
        }
        catch (Exception)
        {
            AnnotatedCopy.Hint(context, job.JobId);
            throw;
        }
    }

    private static async Task SaveResultsAsync(
        CommandContext context, Job job, string path, CancellationToken cancellationToken)
    {
        var partialPath = path + ".partial";
        try
        {
            await using (var writer = new StreamWriter(partialPath))
            {
                var results = context.Client.GetResultsAsync(job.JobId, cancellationToken: cancellationToken);
                await JsonLines.WriteAsync(writer, "results", results, cancellationToken);
            }

            File.Move(partialPath, path, overwrite: true);
        }
        finally
        {
            File.Delete(partialPath);
        }
    }

    /// <param name="VideoPath">Path of the video.</param>
    /// <param name="Options">Options of the submission.</param>
    /// <param name="Folder">Output folder.</param>
    /// <param name="FfmpegPath">Path of FFmpeg; null creates no video.</param>
    private sealed record Request(string VideoPath, SubmitOptions Options, string Folder, string? FfmpegPath)
    {
        public string PathOf(string suffix) =>
            Path.Combine(Folder, OutputNames.Of(Path.GetFileName(VideoPath), suffix));
    }
}
