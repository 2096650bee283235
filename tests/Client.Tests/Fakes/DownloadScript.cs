using System.Security.Cryptography;
using ForegSyte.V1;
using Google.Protobuf;
using Grpc.Core;

namespace ForegSyte.Client.Tests.Fakes;

/// <summary>Serves a video with DownloadVideo as a JobService does, in small ranges.</summary>
public static class DownloadScript
{
    /// <summary>Responds to every request with a range of the video.</summary>
    /// <param name="script">The script to fill.</param>
    /// <param name="video">The video.</param>
    /// <param name="rangeBytes">Bytes of a range.</param>
    /// <param name="sha256">SHA-256 to tell; null for the right one.</param>
    public static void Serve(
        this Script<DownloadVideoRequest, DownloadVideoResponse> script,
        byte[] video,
        int rangeBytes,
        string? sha256 = null) =>
        script.Always((request, _) => Task.FromResult(Range(video, request, rangeBytes, sha256)));

    /// <summary>Responds with one range of the video.</summary>
    public static DownloadVideoResponse Range(
        byte[] video, DownloadVideoRequest request, int rangeBytes, string? sha256 = null)
    {
        if (request.Offset > video.Length)
        {
            throw Failures.Of(
                StatusCode.InvalidArgument, ErrorReason.InvalidField, "offset is after the end of the video.");
        }

        var count = (int)Math.Min(rangeBytes, video.Length - request.Offset);
        return new DownloadVideoResponse
        {
            Data = ByteString.CopyFrom(video, (int)request.Offset, count),
            SizeBytes = video.Length,
            VideoSha256 = sha256 ?? Convert.ToHexStringLower(SHA256.HashData(video)),
        };
    }
}
