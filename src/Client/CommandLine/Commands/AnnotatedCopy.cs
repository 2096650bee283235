using System.CommandLine;
using ForegSyte.CommandLine.Annotation;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;
using ForegSyte.V1;

namespace ForegSyte.CommandLine.Commands;

/// <summary>Makes annotated copies for the commands analyze and annotate.</summary>
internal static class AnnotatedCopy
{
    public const string Suffix = ".annotated.mp4";

    /// <summary>Creates the option --ffmpeg.</summary>
    public static Option<string> FfmpegOption() => new Option<string>("--ffmpeg")
    {
        Description = "Path of the FFmpeg program that creates the annotated video; ffprobe must be beside it.",
        HelpName = "PATH",
        DefaultValueFactory = _ => new VideoAnnotatorOptions().FfmpegPath,
    }.CompletesFiles();

    /// <summary>Draws the results of a job on its video, and prints the path of the copy.</summary>
    /// <param name="context">Services of the command.</param>
    /// <param name="job">A job that has ended.</param>
    /// <param name="videoPath">Its video.</param>
    /// <param name="copyPath">The copy to create.</param>
    /// <param name="ffmpegPath">Path of FFmpeg.</param>
    /// <param name="cancellationToken">Stops FFmpeg.</param>
    public static async Task MakeAsync(
        CommandContext context,
        Job job,
        string videoPath,
        string copyPath,
        string ffmpegPath,
        CancellationToken cancellationToken)
    {
        var annotator = new VideoAnnotator(new VideoAnnotatorOptions { FfmpegPath = ffmpegPath });
        var frameCount = job.Video?.FrameCount ?? 0;
        await context.Progress.ShowAsync(progress => annotator.AnnotateAsync(
            videoPath,
            copyPath,
            context.Client.GetResultsAsync(job.JobId, cancellationToken: cancellationToken),
            JobText.StrideOf(job),
            new SynchronousProgress<int>(done => progress.Report(new ProgressReport("drawing", done, frameCount))),
            cancellationToken));
        context.WritePath("Annotated video", copyPath);
    }

    /// <summary>Says how to make the copy later.</summary>
    public static void Hint(CommandContext context, string jobId) =>
        context.Hint($"To create the annotated video later: foregsyte annotate {jobId}");
}
