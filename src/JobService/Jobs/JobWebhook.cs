using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ForegSyte.V1;

namespace ForegSyte.Jobs;

/// <summary>Where a submission wants news about its job sent.</summary>
/// <param name="Uri">The address with its query, which can contain a secret: neither shown nor logged.</param>
/// <param name="OnStart">Whether the start of the first attempt is sent.</param>
/// <param name="OnEnd">Whether each end of the job is sent.</param>
internal sealed record JobWebhook(string Uri, bool OnStart, bool OnEnd)
{
    /// <summary>An address without its query.</summary>
    public static string Shown(string uri)
    {
        var end = uri.IndexOf('?', StringComparison.Ordinal);
        return end < 0 ? uri : uri[..end];
    }

    /// <summary>Reads the form of <see cref="ToJson"/>; null stays null.</summary>
    public static JobWebhook? FromJson(string? json) =>
        json is null ? null : JsonSerializer.Deserialize<JobWebhook>(json);

    /// <summary>Reads the message of a job, whose address has no query.</summary>
    public static JobWebhook? FromMessage(Webhook? webhook) => webhook is null
        ? null
        : new JobWebhook(
            webhook.Uri, webhook.Events.Contains(WebhookEvent.Started), webhook.Events.Contains(WebhookEvent.Ended));

    /// <summary>The form that databases store.</summary>
    public string ToJson() => JsonSerializer.Serialize(this);

    /// <summary>SHA-256 of <see cref="ToJson"/> in lower-case hexadecimal digits.</summary>
    public string ToHash() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(ToJson())));

    /// <summary>The message without the query of the address.</summary>
    public Webhook ToMessage()
    {
        var message = new Webhook { Uri = Shown(Uri) };
        if (OnEnd)
        {
            message.Events.Add(WebhookEvent.Ended);
        }

        if (OnStart)
        {
            message.Events.Add(WebhookEvent.Started);
        }

        return message;
    }

    /// <summary>The address without its query.</summary>
    public override string ToString() => Shown(Uri);
}
