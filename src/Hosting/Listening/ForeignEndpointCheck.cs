using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Listening;

/// <summary>
/// Refuses settings of ASP.NET Core that would change what the service listens on or whom it believes, without TLS,
/// connection limits and the checks of <see cref="ListenerOptions"/>.
/// </summary>
internal sealed class ForeignEndpointCheck(IConfiguration configuration) : IValidateOptions<ListenerOptions>
{
    private const string Kestrel = "Kestrel";
    private const string PreferHostingUrls = "preferHostingUrls";
    private const string ForwardedHeaders = "ForwardedHeaders_Enabled";

    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, ListenerOptions options) =>
        Problem() is { } problem ? ValidateOptionsResult.Fail(problem) : ValidateOptionsResult.Success;

    private string? Problem()
    {
        if (configuration.GetSection(Kestrel) is var section && section.Exists())
        {
            return $"The section {Kestrel} (also {Kestrel}__ in the environment) is not supported: its endpoints would "
                + "have no connection limits and no check of credentials. Remove it, and configure the endpoints with "
                + "Listen:Address, Listen:Port, Listen:HttpPort and Listen:Tls.";
        }

        if (IsSet(PreferHostingUrls))
        {
            return $"{PreferHostingUrls} is not supported: the service would listen on the addresses of \"urls\" "
                + "instead of those of Listen. Remove it (ASPNETCORE_PREFERHOSTINGURLS in the environment).";
        }

        return IsSet(ForwardedHeaders)
            ? $"{ForwardedHeaders} is not supported: the service would believe the forwarded headers of every caller. "
                + "Remove it (ASPNETCORE_FORWARDEDHEADERS_ENABLED in the environment), and list the proxies in "
                + "Http:KnownProxies."
            : null;
    }

    private bool IsSet(string key) =>
        configuration[key] is { } text
        && (text == "1" || text.Trim().Equals("true", StringComparison.OrdinalIgnoreCase));
}
