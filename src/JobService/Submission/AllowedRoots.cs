using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Files;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Submission;

/// <summary>
/// Opens files of the server that lie under a folder of Submit:AllowedRoots. It checks the opened file, not its name,
/// so that an exchange of a symbolic link between check and open cannot bypass the check.
/// </summary>
internal sealed class AllowedRoots(IOptions<SubmitOptions> options)
{
    private const string Field = "uri";

    private readonly string[] _roots = [.. options.Value.AllowedRoots.Select(CanonicalPath.Resolve)];

    /// <summary>Opens a file for reading.</summary>
    /// <exception cref="ServiceException">UNSUPPORTED_URI, SOURCE_NOT_ALLOWED or SOURCE_NOT_FOUND.</exception>
    public FileStream Open(string uri)
    {
        var path = FileUri.PathOf(uri)
            ?? throw ServiceException.ForField(
                ErrorReason.UnsupportedUri, Field, $"A file uri must have the form {FileUri.Form}.", uri);

        // Checking the name first keeps files outside the roots untouched, and does not reveal whether they exist.
        var canonical = Resolve(path, uri);
        if (!IsAllowed(canonical))
        {
            throw NotAllowed(uri);
        }

        try
        {
            using var file = OpenedPath.Find(canonical);
            if (file.RealPath is not { } realPath || !IsAllowed(realPath))
            {
                throw NotAllowed(uri);
            }

            return file.IsRegular ? file.OpenRead() : throw NotFound(uri, null);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw NotFound(uri, exception);
        }
    }

    private static string Resolve(string path, string uri)
    {
        try
        {
            return CanonicalPath.Resolve(path);
        }
        catch (Exception exception) when (exception is IOException or ArgumentException or UnauthorizedAccessException)
        {
            throw ServiceException.ForField(
                ErrorReason.UnsupportedUri, Field, "The path of the uri cannot be resolved.", uri, exception);
        }
    }

    private bool IsAllowed(string canonicalPath) =>
        _roots.Any(root => CanonicalPath.IsWithin(canonicalPath, root));

    private static ServiceException NotFound(string uri, Exception? cause) => ServiceException.ForField(
        ErrorReason.SourceNotFound, Field,
        "The server cannot read a regular file at this uri. Check the path as the server sees it, and its permissions.",
        uri, cause);

    private ServiceException NotAllowed(string uri) => ServiceException.ForField(
        ErrorReason.SourceNotAllowed, Field,
        _roots.Length == 0
            ? "This server accepts no files by uri: its option Submit:AllowedRoots is empty. Send the video itself."
            : "The file lies outside the folders that this server allows (option Submit:AllowedRoots).",
        uri);
}
