using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Files;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Video;

/// <summary>Turns the URI of a caller into the path of a file that the service is allowed to read.</summary>
/// <remarks>
/// The path that is checked is canonical, and it is the one that is opened afterwards. Whoever can swap folders for
/// links inside an allowed root between the two is trusted: that is the account that stores the videos.
/// </remarks>
internal sealed class VideoSources(IOptions<VideoOptions> options, DataDirectory dataDirectory)
{
    private const string Field = "video.uri";

    private readonly string[] _roots = options.Value.AllowedRoots.Count == 0
        ? [CanonicalPath.Resolve(dataDirectory.VideoJobs)]
        : [.. options.Value.AllowedRoots.Select(CanonicalPath.Resolve)];

    /// <summary>The canonical path of the file.</summary>
    /// <exception cref="ServiceException">
    /// MISSING_FIELD, UNSUPPORTED_URI, SOURCE_NOT_ALLOWED, SOURCE_NOT_FOUND. A path outside the roots is not allowed
    /// whether or not it exists: the answer must not tell which files a server has.
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
            : throw new ServiceException(ErrorReason.SourceNotFound, "The server has no such video file.")
            {
                Resource = ("file", source.Uri),
            };
    }

    /// <summary>A named pipe or a device would keep a decoder waiting, or never end.</summary>
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
            ErrorReason.UnsupportedUri, Field, $"The URI has to have the form {FileUri.Form}.", text);

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
            "The video lies outside the folders that the server reads from. Store it through the JobService, or add "
            + "its folder to the option Video:AllowedRoots.",
            uri,
            cause);
}
