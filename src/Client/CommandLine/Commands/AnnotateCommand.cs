using System.CommandLine;
using System.CommandLine.Parsing;
using ForegSyte.Client;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;

namespace ForegSyte.CommandLine.Commands;

/// <summary>annotate: makes the annotated copy of any job that has ended, from the server's video.</summary>
internal static class AnnotateCommand
{
    public static Command Create(CommandRunner runner)
    {
        var jobId = SharedOptions.JobId(SharedOptions.TerminalJobs);
        var output = new Option<string>("--output", "-o")
        {
            Description = "The MP4 to create, or a folder for it; the folder is created if missing. A path that ends "
                + "with .mp4 is a file, and one without an extension a folder.",
            HelpName = "FILE|FOLDER",
            DefaultValueFactory = _ => "out/",
        }.CompletesFiles();
        output.Validators.Add(result => RequireMp4(result, runner.Environment));
        var ffmpeg = AnnotatedCopy.FfmpegOption();
        var command = new Command(
            "annotate",
            "Download the video of a job that has ended, and create a copy with the results drawn on it. With a "
            + "stride, the frames between analyzed ones show interpolated boxes, dimmed and dashed. Of a failed or "
            + "cancelled job, the copy shows what it found.")
        {
            jobId, output, ffmpeg,
        };
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            (context, token) => RunAsync(
                context,
                arguments.GetRequiredValue(jobId),
                arguments.GetRequiredValue(output),
                arguments.GetRequiredValue(ffmpeg),
                token),
            cancellationToken));
        return command;
    }

    private static async Task<ExitCode> RunAsync(
        CommandContext context, string jobId, string output, string ffmpeg, CancellationToken cancellationToken)
    {
        jobId = await context.JobIdAsync(jobId, cancellationToken);
        var job = await context.Client.GetJobAsync(jobId, cancellationToken: cancellationToken);
        if (!job.Status.IsTerminal())
        {
            ErrorReport.WriteUsage(
                context.Error,
                $"The job is {JobText.Status(job.Status)}; its results are not complete.",
                $"'foregsyte wait {jobId}' waits until it ends.");
            return ExitCode.InvalidArgument;
        }

        var copyPath = PathOfCopy(context.Environment.PathOf(output), output, job);
        var folder = Directory.CreateDirectory(Path.GetDirectoryName(copyPath)!);
        var videoPath = Path.Combine(folder.FullName, $".foregsyte-{job.JobId}.mp4");
        await DownloadAsync(context, jobId, videoPath, cancellationToken);
        try
        {
            await AnnotatedCopy.MakeAsync(context, job, videoPath, copyPath, ffmpeg, cancellationToken);
        }
        finally
        {
            File.Delete(videoPath);
        }

        JobDetails.WriteWarnings(context.Error, job);
        JobDetails.WriteFailure(context.Error, job);
        return ExitCodes.Of(job.Status);
    }

    private static string PathOfCopy(string path, string given, Job job) => IsFolder(path, given)
        ? Path.Combine(path, OutputNames.Of(job.DisplayName, AnnotatedCopy.Suffix, fallback: job.JobId))
        : path;

    private static bool IsFolder(string path, string given) =>
        Path.EndsInDirectorySeparator(given) || Directory.Exists(path) || Path.GetExtension(path).Length == 0;

    private static void RequireMp4(OptionResult result, CommandEnvironment environment)
    {
        if (result.Tokens is [var token] && !IsFolder(environment.PathOf(token.Value), token.Value)
            && !Path.GetExtension(token.Value).Equals(".mp4", StringComparison.OrdinalIgnoreCase))
        {
            result.AddError(
                $"--output cannot be '{token.Value}': the copy is an MP4, whose name ends with .mp4. For a folder, end "
                + "the path with a slash.");
        }
    }

    private static async Task DownloadAsync(
        CommandContext context, string jobId, string path, CancellationToken cancellationToken)
    {
        DownloadProgress? latest = null;
        try
        {
            await context.Progress.ShowAsync(progress => context.Client.DownloadVideoAsync(
                jobId,
                path,
                new SynchronousProgress<DownloadProgress>(report =>
                {
                    latest = report;
                    progress.Report(new ProgressReport(
                        "downloading", report.BytesDone, report.BytesTotal, ProgressUnit.Bytes));
                }),
                cancellationToken: cancellationToken));
        }
        catch (Exception) when (latest is not null)
        {
            context.Hint(
                $"{SizeText.Approximate(latest.BytesDone)} of {SizeText.Approximate(latest.BytesTotal)} are "
                + "downloaded. Run the same command to resume.");
            throw;
        }
    }
}
