using System.Net;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Limits;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Fetching;

/// <summary>Registers the services that fetch videos. Without options every uri is refused.</summary>
internal static class FetchingServiceCollectionExtensions
{
    public static void AddFetching(this IServiceCollection services)
    {
        services.AddCheckedOptions<SourcesOptions>(SourcesOptions.Section, subsections: "S3")
            .PostConfigure(AddDefaultPort)
            .Validate(
                options => options.AllowedHosts.All(HostList.IsPattern),
                "Sources:AllowedHosts must contain names or addresses of hosts, or \"*.\" before a name of two labels "
                + "or more; write international names as xn--….")
            .Validate(
                options => options.AllowedPorts.All(port => port is >= 1 and <= IPEndPoint.MaxPort),
                "Sources:AllowedPorts must contain ports from 1 to 65535.")
            .Validate(
                options => options.AllowedNetworks.All(network => IPNetwork.TryParse(network, out _)),
                "Sources:AllowedNetworks must contain networks such as 10.1.0.0/16 or fd00:1::/64.")
            .Validate(
                options => options.CertificateAuthorities.Length == 0
                    || (Path.IsPathFullyQualified(options.CertificateAuthorities)
                        && File.Exists(options.CertificateAuthorities)),
                "Sources:CertificateAuthorities must be the absolute path of an existing file.");
        services.AddCheckedOptions<S3Options>(S3Options.Section)
            .Validate(
                options => options.Endpoint.Length == 0 || IsEndpoint(options.Endpoint),
                "Sources:S3:Endpoint must be an https address without path, query, user name and password.")
            .Validate(
                options => options.Endpoint.Length == 0 || new S3Credentials(
                    Options.Create(options)).Read() is not null,
                "Sources:S3:Endpoint needs keys: aws_access_key_id and aws_secret_access_key of [default] in the file "
                + $"Sources:S3:CredentialsFile, or {S3Credentials.KeyVariable} and {S3Credentials.SecretVariable} in "
                + "the environment.");
        services.AddSingleton<IValidateOptions<S3Options>, CredentialsFileCheck>();
        services.AddFixedLimits(typeof(HttpsLocations));
        services.AddFixedLimits(typeof(S3Locations));
        services.AddSingleton<IHostResolver, SystemHostResolver>();
        services.AddSingleton(provider =>
            new AddressRules(provider.GetRequiredService<IOptions<SourcesOptions>>().Value.AllowedNetworks));
        services.AddSingleton<CheckedConnector>();
        services.AddSingleton<FetchConnections>();
        services.AddSingleton<HttpsLocations>();
        services.AddSingleton<S3Credentials>();
        services.AddSingleton<S3Locations>();
        services.AddSingleton<VideoFetcher>();
    }

    /// <summary>Binding adds to a list, so a default in it would stay beside the configured ports.</summary>
    private static void AddDefaultPort(SourcesOptions options)
    {
        if (options.AllowedPorts.Count == 0)
        {
            options.AllowedPorts.Add(SourcesOptions.DefaultPort);
        }
    }

    private static bool IsEndpoint(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && uri is { Scheme: "https", UserInfo: "", PathAndQuery: "/", Fragment: "" };
}
