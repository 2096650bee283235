using System.Net.Mime;
using System.Text.Encodings.Web;
using System.Text.Json;
using CloudNative.CloudEvents;
using CloudNative.CloudEvents.SystemTextJson;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Webhooks;

/// <summary>
/// Formats messages as CloudEvents 1.0 in the structured JSON mode: the type tells what happened, the subject is the
/// job's id, and the data is the job as canonical JSON. Pure.
/// </summary>
internal static class JobCloudEvent
{
    /// <summary>The type of the event that a job ended.</summary>
    public const string EndedType = "dev.foregsyte.job.ended.v1";

    /// <summary>The type of the event that the first attempt at a job started.</summary>
    public const string StartedType = "dev.foregsyte.job.started.v1";

    /// <summary>The extension attribute that tells how much of the job the data contains.</summary>
    public const string ExtentAttribute = "jobview";

    private static readonly JsonEventFormatter Formatter = new(
        new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }, default);

    private static readonly CloudEventAttribute Extent =
        CloudEventAttribute.CreateExtension(ExtentAttribute, CloudEventAttributeType.String);

    /// <summary>The body of a message and its media type.</summary>
    /// <param name="delivery">The message.</param>
    /// <param name="source">The attribute "source".</param>
    public static (ReadOnlyMemory<byte> Body, ContentType MediaType) Format(DeliveryRecord delivery, string source)
    {
        using var job = JsonDocument.Parse(delivery.JobJson);
        var message = new CloudEvent(CloudEventsSpecVersion.V1_0, [Extent])
        {
            Id = delivery.DeliveryId.ToString(),
            // On Unix, .NET takes a path for the absolute address of a file.
            Source = new Uri(source, source.StartsWith('/') ? UriKind.Relative : UriKind.RelativeOrAbsolute),
            Type = delivery.Event == WebhookEvent.Started ? StartedType : EndedType,
            Subject = delivery.JobId.ToString(),
            Time = delivery.CreatedAt,
            DataContentType = MediaTypeNames.Application.Json,
            Data = job.RootElement,
            [ExtentAttribute] = delivery.Extent.ToString().ToUpperInvariant(),
        };
        var body = Formatter.EncodeStructuredModeMessage(message, out var mediaType);
        return (body, mediaType);
    }
}
