using ForegSyte.Protocol.Limits;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Fetching;

/// <summary>Parses https addresses of uris and redirects and checks that they are allowed.</summary>
internal sealed class HttpsLocations(IOptions<SourcesOptions> options)
{
    /// <summary>Maximum length of a uri in characters.</summary>
    [Limit(
        "characters", "Maximum length of an https uri; longer ones are refused.",
        Name = "SubmitVideoRequest.uri (https)", Reason = ErrorReason.UnsupportedUri)]
    public const int MaxLength = 8192;

    private readonly HostList _hosts = new(options.Value.AllowedHosts);
    private readonly IList<int> _ports = options.Value.AllowedPorts;

    /// <summary>Parses the uri of a submission.</summary>
    /// <exception cref="Hosting.Errors.ServiceException">UNSUPPORTED_URI or SOURCE_NOT_ALLOWED.</exception>
    public Uri Require(string text)
    {
        if (Parse(text) is not { } uri)
        {
            throw FetchErrors.Unsupported(
                text,
                "An https uri must have the form https://host/path in ASCII (percent-encode other characters, write "
                + "host names as xn--…), without user name, password and fragment.");
        }

        if (_hosts.IsEmpty)
        {
            throw FetchErrors.NotAllowed(
                text, "This server fetches no videos by https: its option Sources:AllowedHosts is empty.");
        }

        if (!_hosts.Contains(uri.Host))
        {
            throw FetchErrors.NotAllowed(
                text, "This server does not allow the host of the uri (option Sources:AllowedHosts).");
        }

        return _ports.Contains(uri.Port)
            ? uri
            : throw FetchErrors.NotAllowed(
                text, "This server does not allow the port of the uri (option Sources:AllowedPorts).");
    }

    /// <summary>
    /// The target of a redirect; null if it must not be followed: a missing or malformed address, plain http, or a host
    /// or port that is not allowed.
    /// </summary>
    public Uri? Redirected(Uri from, Uri? location)
    {
        if (location is null || !Uri.TryCreate(from, location, out var target))
        {
            return null;
        }

        // RFC 9110, 10.2.2: a fragment is for the client and is not sent.
        var text = target.GetComponents(UriComponents.AbsoluteUri & ~UriComponents.Fragment, UriFormat.UriEscaped);
        return Parse(text) is { } uri && _hosts.Contains(uri.Host) && _ports.Contains(uri.Port) ? uri : null;
    }

    private static Uri? Parse(string text) => text.Length <= MaxLength ? WebAddress.Parse(text) : null;
}

/// <summary>Parses addresses of other servers.</summary>
internal static class WebAddress
{
    /// <summary>
    /// Parses an https address in plain ASCII, without user name, password and fragment; null for another text. Refuses
    /// backslashes and characters that only look like letters or dots: another program may interpret them differently.
    /// </summary>
    /// <param name="text">The address.</param>
    /// <param name="allowsHttp">Whether it can also be an http address.</param>
    public static Uri? Parse(string text, bool allowsHttp = false) =>
        text.All(character => character is > ' ' and < (char)0x7F and not '\\')
        && (text.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
            || (allowsHttp && text.StartsWith("http://", StringComparison.OrdinalIgnoreCase)))
        && Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && uri.UserInfo.Length == 0
        && uri.Fragment.Length == 0
        && uri.HostNameType is UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6
            ? uri
            : null;
}

/// <summary>
/// The hosts that the operator allows: "videos.example.org" is that host, "*.example.org" every host below it but not
/// example.org itself. Pure.
/// </summary>
internal sealed class HostList(IEnumerable<string> patterns)
{
    private const string Below = "*.";

    private readonly string[] _patterns = [.. patterns];

    /// <summary>Whether no host is allowed.</summary>
    public bool IsEmpty => _patterns.Length == 0;

    /// <summary>Whether a text is a valid entry. A pattern must have two labels or more.</summary>
    public static bool IsPattern(string text)
    {
        var isPattern = text.StartsWith(Below, StringComparison.Ordinal);
        var host = isPattern ? text[Below.Length..] : text;
        var kind = Uri.CheckHostName(host);
        return host.All(char.IsAscii)
            && kind != UriHostNameType.Unknown
            && (!isPattern || (kind == UriHostNameType.Dns && host.Contains('.', StringComparison.Ordinal)));
    }

    /// <summary>Whether the list allows a host, as <see cref="Uri.Host"/> returns it.</summary>
    public bool Contains(string host) => _patterns.Any(pattern =>
        pattern.StartsWith(Below, StringComparison.Ordinal)
            ? host.EndsWith(pattern[1..], StringComparison.OrdinalIgnoreCase) && host.Length >= pattern.Length
            : host.Trim('[', ']').Equals(pattern.Trim('[', ']'), StringComparison.OrdinalIgnoreCase));
}
