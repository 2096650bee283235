using System.Globalization;
using System.Security.Cryptography;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Http;
using ForegSyte.Jobs.Frames;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Grpc;

/// <summary>Returns single frames of jobs: in a message, or as a JPEG to HTTP.</summary>
internal sealed class JobFrames(FramePictures pictures)
{
    private const string ContentType = "image/jpeg";

    /// <summary>Reads the frame that a request asks for.</summary>
    /// <exception cref="ServiceException">Those of <see cref="FramePictures.GetAsync"/>.</exception>
    public Task<GetFrameResponse> ReadAsync(
        JobRecord job, GetFrameRequest request, CancellationToken cancellationToken) =>
        pictures.GetAsync(job, request, cancellationToken);

    /// <summary>Gives the picture to HTTP.</summary>
    /// <exception cref="ServiceException">Those of <see cref="FramePictures.GetAsync"/>.</exception>
    public async Task<GetFrameResponse> GiveAsync(
        JobRecord job, GetFrameRequest request, FileDownload download, CancellationToken cancellationToken)
    {
        var frame = await ReadAsync(job, request, cancellationToken);
        download.Give(new DownloadedFile(
            new MemoryStream(frame.Jpeg.ToByteArray(), writable: false),
            ContentType,
            string.Create(CultureInfo.InvariantCulture, $"{job.JobId}-{frame.FrameIndex}.jpg"),
            Convert.ToHexStringLower(SHA256.HashData(frame.Jpeg.Span)),
            job.CreatedAt));
        return new GetFrameResponse();
    }
}
