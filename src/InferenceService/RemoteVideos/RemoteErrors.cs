using System.Globalization;
using System.Net;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Files;
using ForegSyte.V1;

namespace ForegSyte.Inference.RemoteVideos;

/// <summary>
/// The errors of reading remote videos. Their texts contain no query, which has the signature of a presigned uri, and
/// nothing of an exception.
/// </summary>
internal static class RemoteErrors
{
    private const string Field = "video.uri";
    private const string CacheOption = $"{RemoteVideoOptions.Section}:{nameof(RemoteVideoOptions.CacheBytes)}";

    /// <summary>A uri without its query.</summary>
    public static string Shown(Uri uri) => uri.GetLeftPart(UriPartial.Path) + (uri.Query.Length > 0 ? "?…" : "");

    /// <summary>UNSUPPORTED_URI.</summary>
    public static ServiceException Unsupported(string message) =>
        ServiceException.ForField(ErrorReason.UnsupportedUri, Field, message);

    /// <summary>SOURCE_NOT_ALLOWED.</summary>
    public static ServiceException NotAllowed(Uri uri, string message) =>
        ServiceException.ForField(ErrorReason.SourceNotAllowed, Field, message, Shown(uri));

    /// <summary>SOURCE_UNAVAILABLE, after the last repeat of a request.</summary>
    public static ServiceException Unavailable(Uri uri, string what, Exception? cause = null) =>
        new(ErrorReason.SourceUnavailable, $"The server of the video does not deliver it: {what}. Try again.", cause)
        {
            FieldViolations = [new FieldViolation(Field, what)],
            Metadata = new Dictionary<string, string> { ["uri"] = Shown(uri), ["detail"] = what },
            RetryAfter = TimeSpan.FromSeconds(1),
        };

    /// <summary>VIDEO_GONE: another object than the one that the caller means is at the uri.</summary>
    public static ServiceException Changed(Uri uri, string what) =>
        new(
            ErrorReason.VideoGone,
            $"The object at the uri is not the video of the request: {what}. Submit the video again.")
        {
            Metadata = new Dictionary<string, string> { ["uri"] = Shown(uri), ["detail"] = what },
        };

    /// <summary>The error of an HTTP status that repeating the request does not change.</summary>
    public static ServiceException OfStatus(Uri uri, HttpStatusCode status)
    {
        var code = ((int)status).ToString(CultureInfo.InvariantCulture);
        var (reason, message) = status switch
        {
            HttpStatusCode.NotFound or HttpStatusCode.Gone => (
                ErrorReason.SourceNotFound, $"The server of the video has no such object (HTTP {code})."),
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => (
                ErrorReason.SourceNotAllowed,
                $"The server of the video refuses access (HTTP {code}). Presign the uri again: it may have expired."),
            >= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest => (
                ErrorReason.SourceNotAllowed,
                $"The server of the video redirects (HTTP {code}), which is not allowed. Give the final uri."),
            HttpStatusCode.OK => (
                ErrorReason.SourceUnavailable,
                "The server of the video ignores Range requests (HTTP 200). Use a server that supports them."),
            _ => (
                ErrorReason.SourceUnavailable, $"The server of the video refuses the request (HTTP {code})."),
        };
        return new ServiceException(reason, message)
        {
            FieldViolations = [new FieldViolation(Field, message)],
            Metadata = new Dictionary<string, string> { ["uri"] = Shown(uri), ["httpStatus"] = code },
        };
    }

    /// <summary>VIDEO_LIMIT_EXCEEDED: the cache is too small for one video.</summary>
    public static ServiceException LargerThanCache(long needed, long limit) => OfCache(
        ErrorReason.VideoLimitExceeded,
        $"The service needs {Text(needed)} bytes of the video, more than its cache can have.",
        limit,
        retryAfter: null);

    /// <summary>INFERENCE_BUSY: the cache is full of videos that other calls use.</summary>
    public static ServiceException CacheFull(long limit) => OfCache(
        ErrorReason.InferenceBusy,
        "The cache of remote videos is full of videos that other calls use. Retry after the retry delay.",
        limit,
        TimeSpan.FromSeconds(1));

    /// <summary>STORAGE_FULL: the file system of the cache is full, or cannot be written.</summary>
    public static ServiceException NotWritten(IOException cause) =>
        new(
            ErrorReason.StorageFull,
            FullDisk.IsCauseOf(cause)
                ? $"The disk of the cache of remote videos is full. Free space, or lower the option {CacheOption}."
                : "The cache of remote videos cannot be written. Check its disk (option Video:CacheDirectory).",
            cause);

    private static ServiceException OfCache(ErrorReason reason, string what, long limit, TimeSpan? retryAfter) =>
        new(reason, $"{what} The limit is {Text(limit)} bytes (option {CacheOption}).")
        {
            Metadata = new Dictionary<string, string> { ["option"] = CacheOption, ["limit"] = $"{Text(limit)} bytes" },
            RetryAfter = retryAfter,
        };

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>
/// The decoder may have read bytes of a remote video that were not fetched: the whole video must be fetched, and the
/// work repeated.
/// </summary>
internal sealed class PartialVideoException() : Exception("The decoder needs more of the remote video.");
