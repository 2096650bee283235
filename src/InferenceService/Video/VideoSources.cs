using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Files;
using ForegSyte.Inference.RemoteVideos;
using ForegSyte.Inference.V1;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Video;

/// <summary>Opens the file that the URI of a request names, if the service may read it.</summary>
internal sealed class VideoSources(
    IOptions<VideoOptions> options, DataDirectory dataDirectory, RemoteLocations locations, VideoCache cache)
{
    private const string Field = "video.uri";

    private readonly string[] _roots = options.Value.AllowedRoots.Count == 0
        ? [CanonicalPath.Resolve(dataDirectory.VideoJobs)]
        : [.. options.Value.AllowedRoots.Select(CanonicalPath.Resolve)];

    /// <summary>Opens the file, or the sparse file of a remote video; the caller disposes it.</summary>
    /// <exception cref="ServiceException">
    /// Those of <see cref="Open"/>, INVALID_FIELD, and those of <see cref="VideoCache.OpenAsync"/>.
    /// </exception>
    public async Task<VideoFile> OpenAsync(VideoSource? source, CancellationToken cancellationToken)
    {
        if (source is null || !RemoteLocations.IsRemote(source.Uri))
        {
            return Open(source);
        }

        var uri = locations.Require(source.Uri);
        if (source.CacheKey.Length > RemoteLocations.MaxKeyLength || source.CacheKey.Any(char.IsControl))
        {
            throw ServiceException.InvalidField(
                "video.cache_key",
                $"video.cache_key must have at most {RemoteLocations.MaxKeyLength} characters and no control "
                + "characters.");
        }

        if (source.SizeBytes < 0)
        {
            throw ServiceException.InvalidField(
                "video.size_bytes", "video.size_bytes must be 0 or more; 0 means unknown.", source.SizeBytes);
        }

        return VideoFile.Open(await cache.OpenAsync(uri, source.CacheKey, source.SizeBytes, cancellationToken));
    }

    /// <summary>Opens a file of this machine; the caller disposes it.</summary>
    /// <exception cref="ServiceException">
    /// MISSING_FIELD, UNSUPPORTED_URI, SOURCE_NOT_ALLOWED, SOURCE_NOT_FOUND. A path outside the roots gets
    /// SOURCE_NOT_ALLOWED whether or not it exists, so that the error does not reveal the server's files.
    /// </exception>
    public VideoFile Open(VideoSource? source)
    {
        if (string.IsNullOrEmpty(source?.Uri))
        {
            throw ServiceException.MissingField(Field, "Give the file or https URI of the video.");
        }

        var path = Canonical(LocalPath(source.Uri), source.Uri);
        RequireAllowed(path, source.Uri);
        var file = VideoFile.Open(path, source.Uri);
        try
        {
            // What was opened counts: a folder on the way may have become a link since its path was resolved.
            RequireAllowed(file.Path, source.Uri);

            // A named pipe would block the decoder, and a device might never end.
            return file.IsRegular ? file : throw VideoFile.NotFound(source.Uri);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private void RequireAllowed(string path, string uri)
    {
        if (!_roots.Any(root => CanonicalPath.IsWithin(path, root)))
        {
            throw NotAllowed(uri);
        }
    }

    private static string LocalPath(string text) =>
        FileUri.PathOf(text)
        ?? throw ServiceException.ForField(
            ErrorReason.UnsupportedUri, Field,
            $"The URI must have the form {FileUri.Form}, or https://host/path (or http if Video:AllowHttp is set).",
            text);

    private static string Canonical(string path, string uri)
    {
        try
        {
            return CanonicalPath.Resolve(path);
        }
        catch (Exception failure) when (failure is IOException or ArgumentException or UnauthorizedAccessException)
        {
            throw NotAllowed(uri, failure);
        }
    }

    private static ServiceException NotAllowed(string uri, Exception? cause = null) =>
        ServiceException.ForField(
            ErrorReason.SourceNotAllowed,
            Field,
            "The video is outside the folders from which the server reads. Submit it through the JobService, or add "
            + "its folder to the option Video:AllowedRoots.",
            uri,
            cause);
}
