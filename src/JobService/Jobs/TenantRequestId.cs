using System.Security.Cryptography;
using System.Text;

namespace ForegSyte.Jobs;

/// <summary>
/// Maps a caller's request_id (AIP-155, an idempotency key) to the key under which the store holds it, so that equal
/// ids of two tenants are two requests. The key is a UUID of version 8 (RFC 9562, section 5.8) with 122 bits of the
/// SHA-256 of id and tenant; without a tenant it is the caller's id. Pure.
/// </summary>
internal static class TenantRequestId
{
    /// <summary>Returns the key of a tenant's request_id.</summary>
    public static Guid Of(string tenant, Guid requestId)
    {
        if (tenant.Length == 0)
        {
            return requestId;
        }

        // The id has a fixed length, so two different pairs never have the same bytes.
        byte[] pair = [.. requestId.ToByteArray(bigEndian: true), .. Encoding.UTF8.GetBytes(tenant)];
        var bytes = SHA256.HashData(pair).AsSpan(0, 16);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x80);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }
}

/// <summary>The parameters of a SubmitVideo call, stored with the job to recognize repetitions (AIP-155).</summary>
/// <param name="Source">"sha256:…" of inline content or of an upload, or the uri.</param>
/// <param name="PipelineId">The pipeline.</param>
/// <param name="FrameStride">Normalized stride, 1 or more.</param>
/// <param name="MaxFrames">Limit of frames, 0 for none.</param>
/// <param name="DisplayName">Name for people.</param>
/// <param name="Priority">Priority; the default if the caller gave none.</param>
/// <param name="UploadId">
/// The upload that held the video; null for other sources. A submitted upload is gone, so a repetition cannot compare
/// the bytes and compares this id instead.
/// </param>
/// <param name="Tags">The tags as <see cref="JobTags.ToJson"/>; null if there are none, as in earlier versions.</param>
/// <param name="Options">
/// The other options as <see cref="JobChoices.ToJson"/>; null if there are none, as in earlier versions.
/// </param>
/// <param name="ReuseResults">Whether the results of an equal job are welcome.</param>
/// <param name="Webhook"><see cref="JobWebhook.ToHash"/>; null without a webhook.</param>
internal sealed record RequestFingerprint(
    string Source, string PipelineId, int FrameStride, int MaxFrames, string DisplayName,
    int Priority = JobPriority.Default, Guid? UploadId = null, string? Tags = null,
    string? Options = null, bool ReuseResults = false, string? Webhook = null)
{
    /// <summary>Names the request fields, as in the proto, in which two calls differ; empty for a repetition.</summary>
    public IReadOnlyList<string> DifferencesFrom(RequestFingerprint other)
    {
        var fields = new List<string>();
        AddIf(Source != other.Source && (UploadId is null || UploadId != other.UploadId), "source");
        AddIf(PipelineId != other.PipelineId, "pipeline_id");
        AddIf(FrameStride != other.FrameStride, "options.frame_stride");
        AddIf(MaxFrames != other.MaxFrames, "options.max_frames");
        AddIf(DisplayName != other.DisplayName, "display_name");
        AddIf(Priority != other.Priority, "priority");
        AddIf(Tags != other.Tags, "tags");
        fields.AddRange(JobChoices.DifferencesBetween(Options, other.Options));
        AddIf(ReuseResults != other.ReuseResults, "reuse_results");
        AddIf(Webhook != other.Webhook, "webhook");
        return fields;

        void AddIf(bool differs, string field)
        {
            if (differs)
            {
                fields.Add(field);
            }
        }
    }
}
