using System.Net;
using System.Text.RegularExpressions;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Limits;
using ForegSyte.Jobs.Fetching;
using ForegSyte.Jobs.Metrics;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Webhooks;

/// <summary>Registers webhooks. Without options every webhook is refused.</summary>
internal static class WebhooksServiceCollectionExtensions
{
    private const int HttpsPort = 443;
    private const int HttpPort = 80;

    /// <summary>Adds the sender and the routes of messages; call it after the storage and the fetching.</summary>
    public static void AddWebhooks(this IServiceCollection services)
    {
        services.AddCheckedOptions<WebhookOptions>(WebhookOptions.Section)
            .PostConfigure(AddDefaultPorts)
            .Validate(
                options => options.AllowedHosts.All(HostList.IsPattern),
                "Webhooks:AllowedHosts must contain names or addresses of hosts, or \"*.\" before a name of two labels "
                + "or more; write international names as xn--….")
            .Validate(
                options => options.AllowedPorts.All(port => port is >= 1 and <= IPEndPoint.MaxPort),
                "Webhooks:AllowedPorts must contain ports from 1 to 65535.")
            .Validate(
                options => options.AllowedNetworks.All(network => IPNetwork.TryParse(network, out _)),
                "Webhooks:AllowedNetworks must contain networks such as 10.1.0.0/16 or fd00:1::/64.")
            .Validate(
                options => options.CertificateAuthorities.Length == 0
                    || (Path.IsPathFullyQualified(options.CertificateAuthorities)
                        && File.Exists(options.CertificateAuthorities)),
                "Webhooks:CertificateAuthorities must be the absolute path of an existing file.")
            .Validate(
                options => Uri.TryCreate(options.Source, UriKind.RelativeOrAbsolute, out _),
                "Webhooks:Source must be a URI reference such as /foregsyte or https://foregsyte.example.org.")
            .Validate(
                options => options.FirstDelay <= options.MaxDelay,
                "Webhooks:FirstDelay must be at most Webhooks:MaxDelay.");
        services.AddSingleton<IValidateOptions<WebhookOptions>, WebhookOptionsCheck>();
        services.AddFixedLimits(typeof(WebhookTargets));
        services.AddSingleton(provider => RoutesOf(provider.GetRequiredService<IOptions<WebhookOptions>>().Value));
        services.AddSingleton<WebhookSecrets>();
        services.AddSingleton<WebhookTargets>();
        services.AddSingleton<WebhookConnections>();
        services.AddSingleton<WebhookMetrics>();
        services.AddSingleton<WebhookSender>();
        services.AddHostedService(provider => provider.GetRequiredService<WebhookSender>());
    }

    /// <summary>The routes of the configuration.</summary>
    public static WebhookRoutes RoutesOf(WebhookOptions options) =>
        new([.. options.Endpoints.Select(endpoint => endpoint.ToRoute())], options.MaxJobKibibytes << 10);

    /// <summary>Binding adds to a list, so a default in it would stay beside the configured ports.</summary>
    private static void AddDefaultPorts(WebhookOptions options)
    {
        if (options.AllowedPorts.Count > 0)
        {
            return;
        }

        options.AllowedPorts.Add(HttpsPort);
        if (options.AllowHttp)
        {
            options.AllowedPorts.Add(HttpPort);
        }
    }
}

/// <summary>Checks the endpoints and the files of secrets at start.</summary>
internal sealed partial class WebhookOptionsCheck(IConfiguration configuration) : IValidateOptions<WebhookOptions>
{
    private const string Endpoints = $"{WebhookOptions.Section}:{nameof(WebhookOptions.Endpoints)}";

    private const string TenantFiles = $"{WebhookOptions.Section}:{nameof(WebhookOptions.TenantSecretFiles)}";

    private static readonly string[] EventNames = [nameof(WebhookEvent.Ended), nameof(WebhookEvent.Started)];

    private static readonly List<string> EndpointKeys =
        [.. typeof(WebhookEndpointOptions).GetProperties().Select(property => property.Name)];

    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, WebhookOptions options)
    {
        List<string> problems =
        [
            .. UnknownKeys(),
            .. FileProblem($"{WebhookOptions.Section}:{nameof(options.SecretFile)}", options.SecretFile),
            .. options.TenantSecretFiles.SelectMany(file =>
                FileProblem($"{TenantFiles}:{file.Key}", file.Value)),
            .. SharedSecrets(options),
        ];
        if (options.AllowedNetworks.All(network => IPNetwork.TryParse(network, out _)))
        {
            var checkedOptions = Options.Create(options);
            var targets = new WebhookTargets(checkedOptions, new WebhookSecrets(checkedOptions));
            problems.AddRange(options.Endpoints.SelectMany(
                (endpoint, index) => ProblemsOf(endpoint, FormattableString.Invariant($"{Endpoints}:{index}"), options,
                    targets)));
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static IEnumerable<string> ProblemsOf(
        WebhookEndpointOptions endpoint, string path, WebhookOptions options, WebhookTargets targets)
    {
        if (!EndpointName().IsMatch(endpoint.Name))
        {
            yield return $"{path}:Name must have 1 to 63 letters, digits, \"_\" or \"-\".";
        }
        else if (options.Endpoints.Count(other => other.Name == endpoint.Name) > 1)
        {
            yield return $"{path}:Name is \"{endpoint.Name}\", as another endpoint's. Names must be unique.";
        }

        if (targets.ProblemOf(endpoint.Uri) is { } problem)
        {
            yield return $"{path}:Uri cannot be used. {problem}";
        }

        if (endpoint.Events.Any(wanted => !EventNames.Contains(wanted, StringComparer.OrdinalIgnoreCase)))
        {
            yield return $"{path}:Events can have: ended, started.";
        }

        if (endpoint.SecretFile.Length == 0 && !options.AllowUnsigned)
        {
            yield return $"{path}:SecretFile is required, unless Webhooks:AllowUnsigned is true.";
        }

        foreach (var fileProblem in FileProblem($"{path}:SecretFile", endpoint.SecretFile))
        {
            yield return fileProblem;
        }
    }

    /// <summary>
    /// A tenant's receivers know its secrets, so they could forge messages to all others with the same one. Endpoints
    /// belong to the operator and can share secrets.
    /// </summary>
    private static IEnumerable<string> SharedSecrets(WebhookOptions options)
    {
        List<(string Option, string Path, bool IsTenant)> files =
        [
            .. options.TenantSecretFiles.Select(file => ($"{TenantFiles}:{file.Key}", file.Value, true)),
            ($"{WebhookOptions.Section}:{nameof(options.SecretFile)}", options.SecretFile, false),
            .. options.Endpoints.Select((endpoint, index) => (
                FormattableString.Invariant($"{Endpoints}:{index}:{nameof(endpoint.SecretFile)}"),
                endpoint.SecretFile, false)),
        ];
        return
        [
            .. (from file in files
                from secret in TryRead(file.Path).Secrets.Select(key => Convert.ToHexString(key)).Distinct()
                group file by secret into holders
                where holders.First().IsTenant
                from other in holders.Skip(1)
                select $"{holders.First().Option} and {other.Option} contain the same secret. Each tenant needs its "
                    + "own secrets, because its receivers could forge messages to the others' receivers.").Distinct(),
        ];
    }

    private static IEnumerable<string> FileProblem(string option, string path) => path switch
    {
        "" => [],
        _ when !Path.IsPathFullyQualified(path) => [$"{option} must be an absolute path."],
        _ => TryRead(path).Problem is { } problem ? [$"{option} ({path}) cannot be used. {problem}"] : [],
    };

    /// <summary>Reads a file of secrets; there are none if it cannot be used.</summary>
    private static (IReadOnlyList<byte[]> Secrets, string? Problem) TryRead(string path)
    {
        if (!Path.IsPathFullyQualified(path))
        {
            return ([], null);
        }

        try
        {
            return (WebhookSecrets.Read(path), null);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FormatException)
        {
            return ([], failure.Message);
        }
    }

    /// <summary>Keys of endpoints that are probably misspelt.</summary>
    private IEnumerable<string> UnknownKeys() =>
        from endpoint in configuration.GetSection(Endpoints).GetChildren()
        from key in endpoint.GetChildren()
        where !EndpointKeys.Contains(key.Key, StringComparer.OrdinalIgnoreCase)
        select $"{key.Path} is not a setting. {endpoint.Path} has: {string.Join(", ", EndpointKeys)}.";

    [GeneratedRegex("^[A-Za-z0-9_-]{1,63}$")]
    private static partial Regex EndpointName();
}
