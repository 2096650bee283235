using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Http;
using ForegSyte.Jobs.Frames;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Grpc;

/// <summary>Gives annotated copies of videos of completed jobs to HTTP, drawn while they are sent (ADR 52).</summary>
internal sealed class JobCopies(JobExports exports, AnnotatedCopies copies)
{
    /// <summary>Name of the download in OpenAPI.</summary>
    public const string Operation = "DownloadAnnotatedVideo";

    private const string ContentType = "video/mp4";

    /// <summary>Gives the copy.</summary>
    /// <exception cref="ServiceException">INVALID_FIELD, RESULTS_NOT_READY or RESULTS_DAMAGED.</exception>
    public async Task<DownloadVideoResponse> GiveAsync(
        JobRecord job, DownloadVideoRequest request, FileDownload download, CancellationToken cancellationToken)
    {
        VideoDownloads.RefuseParts(request, "an annotated copy is made anew for each request, from its beginning.");
        var results = await exports.OpenAsync(job, "annotated copies", cancellationToken);
        download.Give(new GeneratedFile(
            results,
            (destination, token) => copies.WriteAsync(job, results.ReadFramesAsync(token), destination, token),
            ContentType,
            Path.GetFileNameWithoutExtension(VideoDownloads.FileNameOf(job)) + ".annotated.mp4"));
        return new DownloadVideoResponse();
    }
}
