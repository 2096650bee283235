using System.Globalization;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Jobs.Grpc;

/// <summary>Shows the messages of a job to webhooks. Pure.</summary>
internal static class WebhookDiagnosis
{
    /// <summary>The message of the contract.</summary>
    public static WebhookDelivery MessageOf(DeliveryRecord delivery) => new()
    {
        DeliveryId = delivery.DeliveryId.ToString(),
        Uri = JobWebhook.Shown(delivery.Uri),
        Event = delivery.Event,
        State = delivery.State,
        Tries = delivery.Tries,
        CreatedAt = delivery.CreatedAt.ToTimestamp(),
        NextTryAt = delivery.NextTryAt?.ToTimestamp(),
        ErrorMessage = delivery.ErrorMessage,
    };

    /// <summary>
    /// A sentence, after a space, about the latest message that did not arrive or whose latest try failed; empty if
    /// there is none.
    /// </summary>
    public static string ExplanationOf(IReadOnlyList<DeliveryRecord> deliveries)
    {
        var failing = deliveries.LastOrDefault(delivery => delivery.ErrorMessage.Length > 0);
        if (failing is null)
        {
            return "";
        }

        var (what, uri) = (failing.Event == WebhookEvent.Started ? "start" : "end", JobWebhook.Shown(failing.Uri));
        return $" The event of its {what} did not reach {uri} "
            + string.Create(CultureInfo.InvariantCulture, $"(tries: {failing.Tries}): {failing.ErrorMessage}")
            + (failing.NextTryAt is { } next
                ? string.Create(CultureInfo.InvariantCulture, $" The next try is at {next.UtcDateTime:s}Z.")
                : " It is not sent again.");
    }
}
