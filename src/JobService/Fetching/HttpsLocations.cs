using ForegSyte.Protocol.Limits;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Fetching;

/// <summary>Which https addresses may be asked for a video: those of a uri, and those of redirects.</summary>
internal sealed class HttpsLocations(IOptions<SourcesOptions> options)
{
    /// <summary>Longest uri in characters.</summary>
    [Limit(
        "characters", "Length of an https uri; a longer one is refused.",
        Name = "SubmitVideoRequest.uri (https)", Reason = ErrorReason.UnsupportedUri)]
    public const int MaxLength = 8192;

    private readonly HostList _hosts = new(options.Value.AllowedHosts);
    private readonly IList<int> _ports = options.Value.AllowedPorts;

    /// <summary>Reads the uri of a submission.</summary>
    /// <exception cref="Hosting.Errors.ServiceException">UNSUPPORTED_URI or SOURCE_NOT_ALLOWED.</exception>
    public Uri Require(string text)
    {
        if (Parse(text) is not { } uri)
        {
            throw FetchFailures.Unsupported(
                text,
                "An https uri has to have the form https://host/path, in ASCII (percent-encode all else, names of "
                + "hosts as xn--…), without user name, password and fragment.");
        }

        if (_hosts.IsEmpty)
        {
            throw FetchFailures.NotAllowed(
                text, "This server fetches no videos by https: its option Sources:AllowedHosts is empty.");
        }

        if (!_hosts.Contains(uri.Host))
        {
            throw FetchFailures.NotAllowed(
                text, "The host of the uri is none of those that this server allows (option Sources:AllowedHosts).");
        }

        return _ports.Contains(uri.Port)
            ? uri
            : throw FetchFailures.NotAllowed(
                text, "The port of the uri is none of those that this server allows (option Sources:AllowedPorts).");
    }

    /// <summary>
    /// Where a redirect leads; null where it is not followed: no or a malformed address, plain http, another host or
    /// port than those allowed.
    /// </summary>
    public Uri? Redirected(Uri from, Uri? location)
    {
        if (location is null || !Uri.TryCreate(from, location, out var target))
        {
            return null;
        }

        // RFC 9110, 10.2.2: a fragment is for the one who asked, and is not sent.
        var text = target.GetComponents(UriComponents.AbsoluteUri & ~UriComponents.Fragment, UriFormat.UriEscaped);
        return Parse(text) is { } uri && _hosts.Contains(uri.Host) && _ports.Contains(uri.Port) ? uri : null;
    }

    /// <summary>
    /// An https address in plain ASCII. Backslashes and what only looks like a letter or a dot are refused and not
    /// interpreted: another program may interpret them in another way.
    /// </summary>
    private static Uri? Parse(string text) =>
        text.Length <= MaxLength
        && text.All(character => character is > ' ' and < (char)0x7F and not '\\')
        && text.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
        && Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && uri.Scheme == Uri.UriSchemeHttps
        && uri.UserInfo.Length == 0
        && uri.Fragment.Length == 0
        && uri.HostNameType is UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6
            ? uri
            : null;
}
