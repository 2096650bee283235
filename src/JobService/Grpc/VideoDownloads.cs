using System.Globalization;
using System.Text;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Http;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Submission;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Grpc;

/// <summary>Returns the submitted videos of jobs: a part in a message, or the file to HTTP.</summary>
internal sealed class VideoDownloads(IStorage storage)
{
    /// <summary>Default size of a part: 1 MiB.</summary>
    public const int DefaultBytes = 1 << 20;

    /// <summary>Maximum size of a part: 3 MiB, below the 4 MiB that gRPC clients accept by default.</summary>
    public const int MaxBytes = 3 << 20;

    private const string ContentType = "video/mp4";

    /// <summary>Reads the part that a request asks for.</summary>
    /// <exception cref="ServiceException">INVALID_FIELD or VIDEO_GONE.</exception>
    public async Task<DownloadVideoResponse> ReadAsync(
        JobRecord job, DownloadVideoRequest request, CancellationToken cancellationToken)
    {
        var maxBytes = RequestChecks.Size("max_bytes", request.MaxBytes, DefaultBytes, MaxBytes);
        await using var video = await OpenAsync(job, cancellationToken);
        if (request.Offset < 0 || request.Offset > video.Length)
        {
            throw ServiceException.InvalidField(
                "offset", $"offset must be 0 to {video.Length}, the size of the video.", request.Offset);
        }

        var data = new byte[Math.Min(maxBytes, video.Length - request.Offset)];
        video.Position = request.Offset;
        await video.ReadExactlyAsync(data, cancellationToken);
        return new DownloadVideoResponse
        {
            Data = UnsafeByteOperations.UnsafeWrap(data),
            SizeBytes = video.Length,
            VideoSha256 = job.VideoSha256 ?? "",
        };
    }

    /// <summary>Gives the whole video to HTTP, which sends the ranges of the header Range.</summary>
    /// <exception cref="ServiceException">INVALID_FIELD or VIDEO_GONE.</exception>
    public async Task<DownloadVideoResponse> GiveAsync(
        JobRecord job, DownloadVideoRequest request, FileDownload download, CancellationToken cancellationToken)
    {
        RefuseParts(request, "send the header Range, for example Range: bytes=0-1023.");
        download.Give(new DownloadedFile(
            await OpenAsync(job, cancellationToken), ContentType, FileNameOf(job), job.VideoSha256, job.CreatedAt));
        return new DownloadVideoResponse();
    }

    /// <summary>Refuses the fields that select a part of a message.</summary>
    /// <exception cref="ServiceException">INVALID_FIELD.</exception>
    public static void RefuseParts(DownloadVideoRequest request, string instead)
    {
        var field = request.Offset != 0 ? "offset" : request.MaxBytes != 0 ? "max_bytes" : null;
        if (field is not null)
        {
            throw ServiceException.InvalidField(field, $"{field} cannot be in this request: {instead}");
        }
    }

    /// <summary>
    /// A file name that is safe on every system: the display name without what file systems, shells or terminals treat
    /// specially, and with an ending.
    /// </summary>
    internal static string FileNameOf(JobRecord job)
    {
        const int maxBytes = 200;
        const string ending = ".mp4";
        var name = new StringBuilder();
        var bytes = 0;
        foreach (var rune in job.DisplayName.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > maxBytes)
            {
                break;
            }

            name.Append(IsSafe(rune) ? rune.ToString() : "_");
        }

        // A leading dot hides a file; a trailing dot or blank is lost on Windows.
        var safe = name.ToString().Trim(' ', '.');
        return safe.All(character => character is '_' or ' ' or '.' or '-')
            ? job.JobId + ending
            : HasVideoEnding(safe) ? safe : safe + ending;
    }

    private static bool IsSafe(Rune rune) =>
        rune.Value is ' ' or '.' or '-' or '_' or '+' or ',' or '=' or '@' or '(' or ')' or '[' or ']'
        || Rune.IsLetterOrDigit(rune)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;

    private static bool HasVideoEnding(string name) =>
        Path.GetExtension(name).ToLowerInvariant() is ".mp4" or ".m4v" or ".mov" or ".qt";

    private async Task<Stream> OpenAsync(JobRecord job, CancellationToken cancellationToken)
    {
        Stream video;
        try
        {
            video = await storage.OpenReadAsync(job.InputPath, cancellationToken);
        }
        catch (FileNotFoundException)
        {
            throw Gone(job);
        }

        if (job.Video is { SizeBytes: > 0 and var size } && size != video.Length)
        {
            await video.DisposeAsync();
            throw Gone(job);
        }

        return video;
    }

    private static ServiceException Gone(JobRecord job) =>
        StatusErrors.VideoGone(job, "or not as it was submitted. Ask its submitter for the video.");
}
