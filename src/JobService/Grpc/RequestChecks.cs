using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Jobs.Grpc;

/// <summary>
/// Parses and validates the fields of requests. Pure. An invalid field is a ServiceException that names it.
/// </summary>
internal static class RequestChecks
{
    /// <summary>Maximum frame_stride.</summary>
    public const int MaxFrameStride = 1_000_000;

    /// <summary>Maximum length of a display_name in characters.</summary>
    public const int MaxDisplayNameLength = 255;

    /// <summary>Parses a job id.</summary>
    public static Guid JobId(string text)
    {
        if (text.Length == 0)
        {
            throw ServiceException.MissingField("job_id", "Give the job_id that SubmitVideo returned.");
        }

        return Guid.TryParseExact(text, "D", out var jobId)
            ? jobId
            : throw ServiceException.InvalidField(
                "job_id",
                "job_id must be a UUID of 36 characters, as SubmitVideo returned it.",
                text);
    }

    /// <summary>Parses an upload id.</summary>
    public static Guid UploadId(string text)
    {
        if (text.Length == 0)
        {
            throw ServiceException.MissingField("upload_id", "Give the upload_id that CreateUpload returned.");
        }

        return Guid.TryParseExact(text, "D", out var uploadId)
            ? uploadId
            : throw ServiceException.InvalidField(
                "upload_id",
                "upload_id must be a UUID of 36 characters, as CreateUpload returned it.",
                text);
    }

    /// <summary>Parses a SHA-256; null if the field is empty.</summary>
    public static string? Sha256(string text) => text switch
    {
        "" => null,
        { Length: 64 } when text.All(char.IsAsciiHexDigit) => text.ToLowerInvariant(),
        _ => throw ServiceException.InvalidField(
            "sha256", "sha256 must be empty or 64 hexadecimal digits.", text),
    };

    /// <summary>Parses a request id; null if the field is empty.</summary>
    public static Guid? RequestId(string text)
    {
        if (text.Length == 0)
        {
            return null;
        }

        return Guid.TryParseExact(text, "D", out var requestId) && requestId.Version == 4
            ? requestId
            : throw ServiceException.InvalidField(
                "request_id", "request_id must be a UUID of version 4 with 36 characters, or empty.", text);
    }

    /// <summary>Validates the options; a stride of 0 becomes 1.</summary>
    public static (int FrameStride, int MaxFrames) Options(JobOptions? options)
    {
        var stride = options?.FrameStride ?? 0;
        var maxFrames = options?.MaxFrames ?? 0;
        if (stride is < 0 or > MaxFrameStride)
        {
            throw ServiceException.InvalidField(
                "options.frame_stride", $"options.frame_stride must be 0 to {MaxFrameStride}; 0 means every frame.",
                stride);
        }

        if (maxFrames < 0)
        {
            throw ServiceException.InvalidField(
                "options.max_frames", "options.max_frames must be 0 (no limit) or more.", maxFrames);
        }

        return (Math.Max(1, stride), maxFrames);
    }

    /// <summary>Validates a display name.</summary>
    public static string DisplayName(string text) =>
        text.Length <= MaxDisplayNameLength && !text.Any(char.IsControl)
            ? text
            : throw ServiceException.InvalidField(
                "display_name",
                $"display_name must have at most {MaxDisplayNameLength} characters and no control characters.",
                text.Length <= MaxDisplayNameLength ? null : text);

    /// <summary>Validates a priority; null becomes the default.</summary>
    public static int Priority(int? priority) =>
        priority is null or (>= JobPriority.Lowest and <= JobPriority.Highest)
            ? priority ?? JobPriority.Default
            : throw ServiceException.InvalidField(
                "priority",
                $"priority must be {JobPriority.Lowest} to {JobPriority.Highest}; {JobPriority.Highest} runs first.",
                priority);

    /// <summary>Parses a duration from 0 to a limit; null becomes the default.</summary>
    public static TimeSpan Time(string field, Duration? value, TimeSpan defaultValue, TimeSpan limit)
    {
        if (value is null)
        {
            return defaultValue;
        }

        return value.Seconds >= 0 && value.Nanos is >= 0 and <= 999_999_999
            && value.Seconds + (value.Nanos > 0 ? 1 : 0) <= limit.TotalSeconds
                ? value.ToTimeSpan()
                : throw ServiceException.InvalidField(
                    field,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{field} must be 0 to {limit.TotalSeconds:0} seconds, with nanos from 0 to 999999999."),
                    value);
    }

    /// <summary>Validates a page size: 0 becomes the default, larger values become the limit.</summary>
    public static int Size(string field, int value, int defaultValue, int limit) => value switch
    {
        < 0 =>
            throw ServiceException.InvalidField(
                field, $"{field} must be 0 (the default, {defaultValue}) or more.", value),
        0 => defaultValue,
        _ => Math.Min(value, limit),
    };
}
