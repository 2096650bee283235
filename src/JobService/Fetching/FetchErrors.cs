using System.Globalization;
using System.Net;
using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Fetching;

/// <summary>
/// The errors of fetches. Their texts never contain a resolved address, the target of a redirect or the message of an
/// exception, which would reveal the server's network, nor a query, which may contain a signature.
/// </summary>
internal static class FetchErrors
{
    private const string Field = "uri";

    /// <summary>A uri without query, fragment, user name and password.</summary>
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
    /// <param name="message">What happened and what to do.</param>
    /// <param name="metadata">The variable parts of the message.</param>
    /// <param name="cause">For the log.</param>
    public static ServiceException Unavailable(
        string uri, string message, IReadOnlyDictionary<string, string>? metadata = null, Exception? cause = null) =>
        new(ErrorReason.SourceUnavailable, message, cause)
        {
            FieldViolations = [new FieldViolation(Field, message)],
            Metadata = WithUri(uri, metadata ?? new Dictionary<string, string>()),
        };

    /// <summary>The error for an HTTP status that is neither a success nor a followed redirect.</summary>
    /// <param name="uri">The uri of the submission.</param>
    /// <param name="status">The status.</param>
    /// <param name="retryAfter">The delay that the server requests; null if it requests none.</param>
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
                $"The server of the uri refuses this server (HTTP {code}). Check the permissions, and whether the uri "
                + "has expired."),
            _ => (
                ErrorReason.SourceUnavailable,
                $"The server of the uri does not send the video (HTTP {code}). Try again later, or check the uri."),
        };
        return new ServiceException(reason, message)
        {
            FieldViolations = [new FieldViolation(Field, message)],
            Metadata = WithUri(uri, new Dictionary<string, string> { ["httpStatus"] = code }),
            RetryAfter = reason == ErrorReason.SourceUnavailable ? retryAfter : null,
        };
    }

    /// <summary>DEADLINE_EXCEEDED by Sources:FetchTimeout.</summary>
    public static ServiceException TooSlow(string uri, TimeSpan limit)
    {
        const string Option = "Sources:FetchTimeout";
        return new ServiceException(
            ErrorReason.DeadlineExceeded,
            $"The video did not arrive within {DurationText.Format(limit)}, the limit of this server (option "
            + $"{Option}). Upload it instead, or make it smaller.")
        {
            Metadata = WithUri(uri, new Dictionary<string, string>
            {
                ["option"] = Option,
                ["limit"] = DurationText.Format(limit),
            }),
        };
    }

    /// <summary>SOURCE_UNAVAILABLE by Sources:MinDataRate.</summary>
    public static ServiceException TooSlow(string uri, int bytesPerSecond)
    {
        const string Option = "Sources:MinDataRate";
        var limit = bytesPerSecond.ToString(CultureInfo.InvariantCulture);
        return Unavailable(
            uri,
            $"The server of the uri sends fewer than {limit} bytes per second (option {Option}). Try again later, or "
            + "upload the video.",
            new Dictionary<string, string> { ["option"] = Option, ["limit"] = limit });
    }

    /// <summary>TOO_MANY_CALLS.</summary>
    /// <param name="uri">The uri of the submission.</param>
    /// <param name="option">The option with the limit.</param>
    /// <param name="limit">Its value.</param>
    /// <param name="retryAfter">When the caller can retry.</param>
    public static ServiceException TooMany(string uri, string option, int limit, TimeSpan retryAfter) => new(
        ErrorReason.TooManyCalls,
        FormattableString.Invariant(
            $"This server fetches at most {limit} videos at a time (option {option}). Try again later."))
    {
        Metadata = WithUri(uri, new Dictionary<string, string>
        {
            ["option"] = option,
            ["limit"] = limit.ToString(CultureInfo.InvariantCulture),
        }),
        RetryAfter = retryAfter,
    };

    private static Dictionary<string, string> WithUri(string uri, IReadOnlyDictionary<string, string> metadata) =>
        new(metadata) { ["field"] = Field, ["value"] = ServiceException.Shorten(Shown(uri)) };
}
