using System.Net;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Fetching;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Webhooks;

/// <summary>Decides to which addresses messages may be sent.</summary>
internal sealed class WebhookTargets(IOptions<WebhookOptions> options, WebhookSecrets secrets)
{
    /// <summary>Maximum length of an address in characters.</summary>
    [Limit(
        "characters", "Maximum length of the address of a webhook; longer ones are refused.",
        Name = "SubmitVideoRequest.webhook.uri", Reason = ErrorReason.InvalidField)]
    public const int MaxUriLength = 2000;

    private const string UriField = "webhook.uri";

    private readonly HostList _hosts = new(options.Value.AllowedHosts);
    private readonly AddressRules _addresses = new(options.Value.AllowedNetworks);

    /// <summary>Checks the webhook of a submission; null stays null.</summary>
    /// <exception cref="ServiceException">MISSING_FIELD, INVALID_FIELD or SOURCE_NOT_ALLOWED.</exception>
    public JobWebhook? Require(Webhook? webhook, string tenant)
    {
        if (webhook is null)
        {
            return null;
        }

        if (webhook.Uri.Length == 0)
        {
            throw ServiceException.MissingField(UriField, "Give the address that receives the events.");
        }

        var uri = Parse(webhook.Uri) ?? throw ServiceException.InvalidField(
            UriField,
            $"{UriField} must have the form {Schemes} in ASCII (percent-encode other characters, write host "
            + $"names as xn--…), at most {MaxUriLength} characters, without user name, password and fragment.",
            FetchErrors.Shown(webhook.Uri));
        if (RefusalOf(uri) is { } refusal)
        {
            throw NotAllowed(uri, refusal);
        }

        if (secrets.FileOfTenant(tenant) is null && !options.Value.AllowUnsigned)
        {
            throw NotAllowed(
                uri,
                "This server has no secret to sign messages to webhooks of your submissions (option "
                + (tenant.Length == 0 ? "Webhooks:SecretFile" : $"Webhooks:TenantSecretFiles:{tenant}")
                + "). Ask its operator to set it.");
        }

        var (onStart, onEnd) = Events(webhook);
        return new JobWebhook(webhook.Uri, onStart, onEnd);
    }

    /// <summary>The address of a message now, or why it must not be sent any more.</summary>
    public (Uri? Address, string Problem) AddressOf(DeliveryRecord delivery)
    {
        var text = delivery.Endpoint.Length == 0
            ? delivery.Uri
            : options.Value.Endpoints.FirstOrDefault(endpoint => endpoint.Name == delivery.Endpoint)?.Uri;
        if (text is null)
        {
            return (null, "The server has no such endpoint any more (option Webhooks:Endpoints).");
        }

        var uri = Parse(text);
        return uri is null ? (null, "The server does not allow the address any more (option Webhooks:AllowHttp).")
            : RefusalOf(uri) is { } refusal ? (null, refusal)
            : (uri, "");
    }

    /// <summary>What is wrong with the address of a configured endpoint; null if it is right.</summary>
    public string? ProblemOf(string endpointUri) => Parse(endpointUri) is { } uri
        ? RefusalOf(uri)
        : $"It must have the form {Schemes}, without user name, password and fragment.";

    private string Schemes => options.Value.AllowHttp ? "https://host/path or http://host/path" : "https://host/path";

    private Uri? Parse(string text) =>
        text.Length <= MaxUriLength ? WebAddress.Parse(text, options.Value.AllowHttp) : null;

    /// <summary>Why no message may go to an address; null if one may.</summary>
    private string? RefusalOf(Uri uri)
    {
        if (_hosts.IsEmpty)
        {
            return "This server sends no webhooks: its option Webhooks:AllowedHosts is empty.";
        }

        if (!_hosts.Contains(uri.Host))
        {
            return "This server sends no webhooks to this host (option Webhooks:AllowedHosts).";
        }

        if (!options.Value.AllowedPorts.Contains(uri.Port))
        {
            return "This server sends no webhooks to this port (option Webhooks:AllowedPorts).";
        }

        return IPAddress.TryParse(uri.DnsSafeHost, out var address) && _addresses.RefusalOf(address) is not null
            ? WebhookConnections.AddressRefusal
            : null;
    }

    private static (bool OnStart, bool OnEnd) Events(Webhook webhook)
    {
        var unknown = webhook.Events
            .Where(wanted => wanted is not (WebhookEvent.Ended or WebhookEvent.Started))
            .Select(wanted => (WebhookEvent?)wanted)
            .FirstOrDefault();
        return unknown is { } value
            ? throw ServiceException.InvalidField(
                "webhook.events",
                "webhook.events can have WEBHOOK_EVENT_ENDED and WEBHOOK_EVENT_STARTED; empty means the first.",
                (int)value)
            : (webhook.Events.Contains(WebhookEvent.Started),
                webhook.Events.Count == 0 || webhook.Events.Contains(WebhookEvent.Ended));
    }

    private static ServiceException NotAllowed(Uri uri, string message) => ServiceException.ForField(
        ErrorReason.SourceNotAllowed, UriField, message, FetchErrors.Shown(uri.OriginalString));
}
