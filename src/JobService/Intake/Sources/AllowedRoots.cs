using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Errors;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Intake.Sources;

/// <summary>
/// Opens the file of a uri, if it lies under a folder that the operator allows. The check is made on the file that was
/// opened, not on its name: a link that is changed in between does not get past it.
/// </summary>
internal sealed class AllowedRoots(IOptions<SubmitOptions> options)
{
    private const string Field = "uri";

    private readonly string[] _roots = [.. options.Value.AllowedRoots.Select(CanonicalPath.Resolve)];

    /// <summary>Opens the file for reading.</summary>
    /// <exception cref="ServiceException">UNSUPPORTED_URI, SOURCE_NOT_ALLOWED or SOURCE_NOT_FOUND.</exception>
    public FileStream Open(string uri)
    {
        var path = LocalPathOf(uri);

        // A first look at the name keeps files outside the roots unopened, and unknown: whether one exists there is
        // not told.
        if (!IsAllowed(Resolve(path, uri)))
        {
            throw NotAllowed(uri);
        }

        FileStream file;
        try
        {
            file = new FileStream(
                path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw ServiceException.ForField(
                ErrorReason.SourceNotFound, Field,
                "The server cannot read a file at this uri. Check the path as the server sees it, and its permissions.",
                uri, exception);
        }

        if (IsAllowed(OpenedPath(file) ?? Resolve(path, uri)))
        {
            return file;
        }

        file.Dispose();
        throw NotAllowed(uri);
    }

    private static string LocalPathOf(string uri)
    {
        if (!Uri.TryCreate(uri, UriKind.Absolute, out var parsed) || parsed.Scheme != Uri.UriSchemeFile
            || !uri.StartsWith("file:", StringComparison.OrdinalIgnoreCase)
            || parsed.Host is not ("" or "localhost") || parsed.LocalPath.Contains('\0', StringComparison.Ordinal))
        {
            throw ServiceException.ForField(
                ErrorReason.UnsupportedUri, Field,
                "uri has to have the form file:///absolute/path.mp4; other schemes are not supported.", uri);
        }

        return parsed.IsUnc || parsed.Host.Length > 0 ? parsed.AbsolutePath : parsed.LocalPath;
    }

    private static string Resolve(string path, string uri)
    {
        try
        {
            return CanonicalPath.Resolve(path);
        }
        catch (Exception exception) when (exception is IOException or ArgumentException)
        {
            throw ServiceException.ForField(
                ErrorReason.UnsupportedUri, Field, "The path of the uri cannot be resolved.", uri, exception);
        }
    }

    /// <summary>Where an open file really is, as Linux tells it; null where it does not.</summary>
    private static string? OpenedPath(FileStream file) =>
        new FileInfo($"/proc/self/fd/{file.SafeFileHandle.DangerousGetHandle()}").LinkTarget;

    private bool IsAllowed(string canonicalPath) =>
        _roots.Any(root => CanonicalPath.IsWithin(canonicalPath, root));

    private ServiceException NotAllowed(string uri) => ServiceException.ForField(
        ErrorReason.SourceNotAllowed, Field,
        _roots.Length == 0
            ? "This server takes no files by uri: its option Submit:AllowedRoots is empty. Send the video as content."
            : "The file lies outside the folders that this server allows (option Submit:AllowedRoots).",
        uri);
}
