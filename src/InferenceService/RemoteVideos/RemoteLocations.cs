using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.RemoteVideos;

/// <summary>Checks the uris of remote videos.</summary>
internal sealed class RemoteLocations(IOptions<RemoteVideoOptions> options)
{
    [Limit(
        "characters", "Length of an https uri of a video; a longer one is refused.",
        Name = "VideoSource.uri (https)", Reason = ErrorReason.UnsupportedUri)]
    public const int MaxUriLength = 8192;

    [Limit(
        "characters", "Length of a cache key; a longer one is refused.",
        Name = "VideoSource.cache_key", Reason = ErrorReason.InvalidField)]
    public const int MaxKeyLength = 256;

    private const string Hosts = $"{RemoteVideoOptions.Section}:{nameof(RemoteVideoOptions.AllowedHosts)}";

    /// <summary>Whether a uri has the scheme of a remote video, in any letter case.</summary>
    public static bool IsRemote(string uri) =>
        uri.StartsWith("https:", StringComparison.OrdinalIgnoreCase)
        || uri.StartsWith("http:", StringComparison.OrdinalIgnoreCase);

    /// <summary>Parses a uri and checks that the service may read from its server.</summary>
    /// <exception cref="ServiceException">UNSUPPORTED_URI, SOURCE_NOT_ALLOWED.</exception>
    public Uri Require(string text)
    {
        if (text.Length > MaxUriLength
            || !text.All(letter => letter is > ' ' and < (char)0x7F and not '\\')
            || !Uri.TryCreate(text, UriKind.Absolute, out var uri)
            || uri.UserInfo.Length > 0 || uri.Fragment.Length > 0 || uri.Host.Length == 0)
        {
            throw RemoteErrors.Unsupported(
                "The URI must have the form https://host/path?query in ASCII, with at most 8192 characters, without "
                + "user name, password and fragment.");
        }

        if (!options.Value.IsEnabled)
        {
            throw RemoteErrors.NotAllowed(
                uri, $"This server reads no remote videos: its option {Hosts} is empty. Add the host of the uri.");
        }

        if (uri.Scheme == Uri.UriSchemeHttp && !options.Value.AllowHttp)
        {
            throw RemoteErrors.NotAllowed(
                uri, "This server reads remote videos by https only. Use https, or set the option Video:AllowHttp.");
        }

        return options.Value.Allows(uri)
            ? uri
            : throw RemoteErrors.NotAllowed(
                uri, $"The host of the uri is not allowed. Add it, with its port, to the option {Hosts}.");
    }
}
