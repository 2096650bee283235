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
    /// <summary>Parses a job id.</summary>
    public static Guid JobId(string text, string field = "job_id")
    {
        if (text.Length == 0)
        {
            throw ServiceException.MissingField(field, "Give the job_id that SubmitVideo returned.");
        }

        return Guid.TryParseExact(text, "D", out var jobId)
            ? jobId
            : throw ServiceException.InvalidField(
                field,
                $"{field} must be a UUID of 36 characters, as SubmitVideo returned it.",
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

    /// <summary>Parses a filter over jobs; null if the field is empty.</summary>
    /// <exception cref="ServiceException">INVALID_FILTER.</exception>
    public static JobFilter? Filter(string field, string text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        try
        {
            return JobFilterParser.Parse(text);
        }
        catch (FilterSyntaxException exception)
        {
            throw ServiceException.ForField(ErrorReason.InvalidFilter, field, exception.Message, text, exception);
        }
    }

    /// <summary>Validates a minimum confidence.</summary>
    public static float Confidence(string field, float value) => value is >= 0 and <= 1
        ? value
        : throw ServiceException.InvalidField(field, $"{field} must be 0 to 1.", value);

    /// <summary>Validates a view; UNSPECIFIED becomes the method's default.</summary>
    public static JobView View(JobView view, JobView defaultView) => view switch
    {
        JobView.Unspecified => defaultView,
        JobView.Basic or JobView.Full => view,
        _ => throw ServiceException.InvalidField(
            "view", "view must be JOB_VIEW_BASIC or JOB_VIEW_FULL.", (int)view),
    };
}
