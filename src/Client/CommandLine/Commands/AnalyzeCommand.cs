using System.CommandLine;
using ForegSyte.Client;
using ForegSyte.CommandLine.Annotation;
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
        var folder = new Option<string>("--output-dir", "-o")
        {
            Description = "Folder for the results document and the annotated video; created if missing.",
            HelpName = "FOLDER",
            DefaultValueFactory = _ => "out",
        }.CompletesFiles();
        var noVideo = new Option<bool>("--no-video") { Description = "Do not create an annotated video." };
        var ffmpeg = new Option<string>("--ffmpeg")
        {
            Description = "Path of the FFmpeg program that creates the annotated video.",
            HelpName = "PATH",
            DefaultValueFactory = _ => new VideoAnnotatorOptions().FfmpegPath,
        }.CompletesFiles();
        var submission = new SubmissionOptions();
        var command = new Command(
            "analyze",
            "Submit a video, wait for its job, save the results and an annotated copy, and print a summary. "
            + "With --stride, the frames between analyzed ones show the last boxes, dimmed and dashed.")
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
            $"Analyzing {Path.GetFileName(request.VideoPath)} with {job.PipelineId} (job {job.JobId})",
            new Style(decoration: Decoration.Bold));
        job = await JobWaiting.WaitAsync(context, job.JobId, cancellationToken);
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
        WritePath(context, "Results", resultsPath);
        if (request.FfmpegPath is { } ffmpeg)
        {
            var videoPath = request.PathOf(".annotated.mp4");
            await AnnotateAsync(context, request, job, ffmpeg, videoPath, cancellationToken);
            WritePath(context, "Annotated video", videoPath);
        }

        return ExitCode.Ok;
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

    private static Task<int> AnnotateAsync(
        CommandContext context,
        Request request,
        Job job,
        string ffmpeg,
        string videoPath,
        CancellationToken cancellationToken)
    {
        var annotator = new VideoAnnotator(new VideoAnnotatorOptions { FfmpegPath = ffmpeg });
        var frameCount = job.Video?.FrameCount ?? 0;
        return context.Progress.ShowAsync(progress => annotator.AnnotateAsync(
            request.VideoPath,
            videoPath,
            context.Client.GetResultsAsync(job.JobId, cancellationToken: cancellationToken),
            job.Options?.FrameStride ?? 0,
            new SynchronousProgress<int>(done => progress.Report(new ProgressReport("drawing", done, frameCount))),
            cancellationToken));
    }

    private static void WritePath(CommandContext context, string what, string path)
    {
        var (output, folder) = (context.Environment.Output, context.Environment.CurrentFolder);
        output.WriteLine($"{what}: {Path.GetRelativePath(folder, path)}");
    }

    /// <param name="VideoPath">Path of the video.</param>
    /// <param name="Options">Options of the submission.</param>
    /// <param name="Folder">Output folder.</param>
    /// <param name="FfmpegPath">Path of FFmpeg; null creates no video.</param>
    private sealed record Request(string VideoPath, SubmitOptions Options, string Folder, string? FfmpegPath)
    {
        public string PathOf(string suffix) =>
            Path.Combine(Folder, Path.GetFileNameWithoutExtension(VideoPath) + suffix);
    }
}
