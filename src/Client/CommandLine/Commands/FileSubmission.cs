using ForegSyte.Client;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;

namespace ForegSyte.CommandLine.Commands;

/// <summary>Submits a file and shows the progress of an upload.</summary>
internal static class FileSubmission
{
    /// <summary>Submits the file. If an upload fails or is interrupted, a hint says how to resume it.</summary>
    public static async Task<Job> SubmitAsync(
        CommandContext context, string path, SubmitOptions options, CancellationToken cancellationToken)
    {
        UploadProgress? latest = null;
        try
        {
            return await context.Progress.ShowAsync(progress => context.Client.SubmitFileAsync(
                path,
                options,
                new SynchronousProgress<UploadProgress>(report =>
                {
                    latest = report;
                    progress.Report(ReportOf(report));
                }),
                cancellationToken: cancellationToken));
        }
        catch (Exception) when (latest is not null)
        {
            context.Hint(HintFor(latest));
            throw;
        }
    }

    private static string HintFor(UploadProgress latest) => latest.CanResume
        ? $"{Uploaded(latest)} Run the same command to resume."
        : "The same command starts the upload again.";

    private static string Uploaded(UploadProgress latest) => latest.Stage == UploadStage.Checking
        ? $"The server keeps the uploaded {SizeText.Approximate(latest.BytesTotal)} until the upload expires."
        : $"The server keeps the uploaded {SizeText.Approximate(latest.BytesDone)} of "
            + $"{SizeText.Approximate(latest.BytesTotal)} until the upload expires.";

    private static ProgressReport ReportOf(UploadProgress report) =>
        new(StageOf(report.Stage), report.BytesDone, report.BytesTotal, ProgressUnit.Bytes);

    private static string StageOf(UploadStage stage) => stage switch
    {
        UploadStage.Checking => "checking the uploaded parts",
        UploadStage.Sending => "uploading",
        _ => "the server checks the video",
    };
}
