using System.Globalization;
using System.Net;
using ForegSyte.Hosting.Errors;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Fetching;

/// <summary>
/// What a caller is told whose video cannot be fetched. Never an address that a name stood for, where a redirect led or
/// what an exception said: that would tell of the server's network. Never a query either, which may hold a signature.
/// </summary>
internal static class FetchFailures
{
    private const string Field = "uri";

    /// <summary>A uri without query and fragment, and without user name and password.</summary>
    public static string Shown(string uri)
    {
        var end = uri.IndexOfAny(['?', '#']);
        var shown = end < 0 ? uri : uri[..end] + "?…";
        var scheme = shown.IndexOf(':', StringComparison.Ordinal) + 1;
        var path = shown.AsSpan(scheme).TrimStart('/').IndexOf('/');
        var host = shown.Length - shown.AsSpan(scheme).TrimStart('/').Length;
        var at = shown.LastIndexOf('@', path < 0 ? shown.Length - 1 : host + path);
        return at >= host ? string.Concat(shown.AsSpan(0, host), "…", shown.AsSpan(at)) : shown;
    }

    /// <summary>UNSUPPORTED_URI.</summary>
    public static ServiceException Unsupported(string uri, string message) =>
        ServiceException.ForField(ErrorReason.UnsupportedUri, Field, message, Shown(uri));

    /// <summary>SOURCE_NOT_ALLOWED.</summary>
    public static ServiceException NotAllowed(string uri, string message, Exception? cause = null) =>
        ServiceException.ForField(ErrorReason.SourceNotAllowed, Field, message, Shown(uri), cause);

    /// <summary>SOURCE_UNAVAILABLE.</summary>
    /// <param name="uri">The uri of the submission.</param>
    /// <param name="message">What happened, and what to do.</param>
    /// <param name="metadata">The changing values of the message.</param>
    /// <param name="cause">For the log.</param>
    public static ServiceException Unavailable(
        string uri, string message, IReadOnlyDictionary<string, string>? metadata = null, Exception? cause = null) =>
        new(ErrorReason.SourceUnavailable, message, cause)
        {
            FieldViolations = [new FieldViolation(Field, message)],
            Metadata = WithUri(uri, metadata ?? new Dictionary<string, string>()),
        };

    /// <summary>The failure that an answer stands for: it is neither the video nor a redirect.</summary>
    /// <param name="uri">The uri of the submission.</param>
    /// <param name="status">The status of the answer.</param>
    /// <param name="retryAfter">When the server asks to come back; null where it does not.</param>
    public static ServiceException OfStatus(string uri, HttpStatusCode status, TimeSpan? retryAfter)
    {
        var code = ((int)status).ToString(CultureInfo.InvariantCulture);
        var (reason, message) = status switch
        {
            HttpStatusCode.NotFound or HttpStatusCode.Gone => (
                ErrorReason.SourceNotFound,
                $"The server of the uri has no such video (HTTP {code}). Check the uri."),
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.UnavailableForLegalReasons => (
                ErrorReason.SourceNotAllowed,
                $"The server of the uri does not give the video to this server (HTTP {code}). Check its rights, or "
                + "whether the uri has expired."),
            _ => (
                ErrorReason.SourceUnavailable,
                $"The server of the uri does not give the video (HTTP {code}). Try again later, or check the uri."),
        };
        return new ServiceException(reason, message)
        {
            FieldViolations = [new FieldViolation(Field, message)],
            Metadata = WithUri(uri, new Dictionary<string, string> { ["httpStatus"] = code }),
            RetryAfter = reason == ErrorReason.SourceUnavailable ? retryAfter : null,
        };
    }

    /// <summary>DEADLINE_EXCEEDED by the server's own limit.</summary>
    public static ServiceException TooSlow(string uri, TimeSpan limit)
    {
        const string Option = "Sources:FetchTimeout";
        return new ServiceException(
            ErrorReason.DeadlineExceeded,
            $"The video did not come within {limit:c}, as long as this server takes (option {Option}). Upload it "
            + "instead, or make it smaller.")
        {
            Metadata = WithUri(uri, new Dictionary<string, string>
            {
                ["option"] = Option,
                ["limit"] = limit.TotalSeconds.ToString(CultureInfo.InvariantCulture),
            }),
        };
    }

    /// <summary>TOO_MANY_CALLS.</summary>
    public static ServiceException TooMany(string uri, int limit, TimeSpan retryAfter)
    {
        const string Option = "Sources:MaxConcurrentFetches";
        return new ServiceException(
            ErrorReason.TooManyCalls,
            $"{limit} videos are fetched already, as many as this server does at a time (option {Option}). Come back "
            + "later.")
        {
            Metadata = WithUri(uri, new Dictionary<string, string>
            {
                ["option"] = Option,
                ["limit"] = limit.ToString(CultureInfo.InvariantCulture),
            }),
            RetryAfter = retryAfter,
        };
    }

    private static Dictionary<string, string> WithUri(string uri, IReadOnlyDictionary<string, string> metadata) =>
        new(metadata) { ["field"] = Field, ["value"] = ServiceException.Shorten(Shown(uri)) };
}
