using ForegSyte.Client;
using ForegSyte.CommandLine.Running;
using ForegSyte.V1;

namespace ForegSyte.CommandLine.Waiting;

/// <summary>Submits a file, and shows how far it is where it is uploaded.</summary>
internal static class FileSubmission
{
    /// <summary>The job. Where an upload is interrupted or fails, a hint says how to go on with it.</summary>
    public static async Task<Job> SubmitAsync(
        CommandContext context, string path, SubmitOptions options, CancellationToken cancellationToken)
    {
        UploadProgress? latest = null;
        try
        {
            return await context.Progress.ShowAsync(progress => context.Client.SubmitFileAsync(
                path,
                options,
                new ProgressSink<UploadProgress>(report =>
                {
                    latest = report;
                    progress.Report(ReportOf(report));
                }),
                cancellationToken));
        }
        catch (Exception) when (latest is not null)
        {
            context.Hint(HintFor(latest));
            throw;
        }
    }

    private static string HintFor(UploadProgress latest) => latest.CanResume
        ? $"{Arrived(latest)} The same command goes on with it."
        : "The same command begins the upload anew.";

    private static string Arrived(UploadProgress latest) => latest.Stage == UploadStage.Checking
        ? $"The server keeps the {ByteText.Format(latest.BytesTotal)} that have arrived until the upload expires."
        : $"The server keeps what has arrived ({ByteText.Format(latest.BytesDone)} of "
            + $"{ByteText.Format(latest.BytesTotal)}) until the upload expires.";

    private static ProgressReport ReportOf(UploadProgress report) =>
        new(StageOf(report.Stage), report.BytesDone, report.BytesTotal, ProgressUnit.Bytes);

    private static string StageOf(UploadStage stage) => stage switch
    {
        UploadStage.Checking => "reading again what has arrived",
        UploadStage.Sending => "uploading",
        _ => "the server checks the video",
    };
}
