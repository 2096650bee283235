using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Files;
using ForegSyte.Inference.V1;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Video;

/// <summary>Resolves the URI of a request to the path of a file that the service may read.</summary>
/// <remarks>
/// The service checks and opens the canonical path. An attacker who could replace a folder inside an allowed root by a
/// link between the two would need the account that stores the videos, which is trusted.
/// </remarks>
internal sealed class VideoSources(IOptions<VideoOptions> options, DataDirectory dataDirectory)
{
    private const string Field = "video.uri";

    private readonly string[] _roots = options.Value.AllowedRoots.Count == 0
        ? [CanonicalPath.Resolve(dataDirectory.VideoJobs)]
        : [.. options.Value.AllowedRoots.Select(CanonicalPath.Resolve)];

    /// <summary>Resolves to the canonical path of the file.</summary>
    /// <exception cref="ServiceException">
    /// MISSING_FIELD, UNSUPPORTED_URI, SOURCE_NOT_ALLOWED, SOURCE_NOT_FOUND. A path outside the roots gets
    /// SOURCE_NOT_ALLOWED whether or not it exists, so that the error does not reveal the server's files.
    /// </exception>
    public string Resolve(VideoSource? source)
    {
        if (string.IsNullOrEmpty(source?.Uri))
        {
            throw ServiceException.MissingField(Field, "Give the absolute file URI of the video.");
        }

        var path = Canonical(LocalPath(source.Uri), source.Uri);
        if (!_roots.Any(root => CanonicalPath.IsWithin(path, root)))
        {
            throw NotAllowed(source.Uri);
        }

        return IsRegularFile(path)
            ? path
            : throw new ServiceException(
                ErrorReason.SourceNotFound, "The server has no such video file. Check the URI.")
            {
                Resource = ("file", source.Uri),
            };
    }

    /// <summary>A named pipe would block the decoder, and a device might never end.</summary>
    private static bool IsRegularFile(string path)
    {
        try
        {
            using var file = OpenedPath.Find(path);
            return file.IsRegular;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static string LocalPath(string text) =>
        FileUri.PathOf(text)
        ?? throw ServiceException.ForField(
            ErrorReason.UnsupportedUri, Field, $"The URI must have the form {FileUri.Form}.", text);

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
