using ForegSyte.Protocol.Errors;
using ForegSyte.V1;

namespace ForegSyte.Hosting.Errors;

/// <summary>
/// An expected failure that a caller is told about. The reason decides the status code
/// (<see cref="ErrorReasonTable"/>); <see cref="ErrorInterceptor"/> makes the status.
/// </summary>
/// <param name="reason">Reason from the published list.</param>
/// <param name="message">What is wrong and what to do about it; shown to the caller as it is.</param>
/// <param name="innerException">Cause, for the log only.</param>
public sealed class ServiceException(ErrorReason reason, string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    /// <summary>Reason from the published list.</summary>
    public ErrorReason Reason { get; } = reason;

    /// <summary>Every changing value of the message, by a lowerCamelCase key (AIP-193).</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>The fields that are wrong; sent as google.rpc.BadRequest.</summary>
    public IReadOnlyList<FieldViolation> FieldViolations { get; init; } = [];

    /// <summary>The resource that the error is about, as (type, name); sent as google.rpc.ResourceInfo.</summary>
    public (string Type, string Name)? Resource { get; init; }

    /// <summary>The quota that the caller has used up; sent as google.rpc.QuotaFailure.</summary>
    public QuotaViolation? Quota { get; init; }

    /// <summary>When the caller may come back; sent as google.rpc.RetryInfo.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>
    /// The last words of a tool that failed, fit for callers: without paths and secrets. Sent as google.rpc.DebugInfo.
    /// Empty for none.
    /// </summary>
    public string LastWords { get; set; } = "";

    /// <summary>A field that is wrong.</summary>
    public static ServiceException InvalidField(string field, string description, object? value = null) =>
        ForField(ErrorReason.InvalidField, field, description, value);

    /// <summary>A required field that is empty.</summary>
    public static ServiceException MissingField(string field, string whatToDo) =>
        ForField(ErrorReason.MissingField, field, $"{field} is required. {whatToDo}");

    /// <summary>A field that is wrong for a reason of its own.</summary>
    public static ServiceException ForField(
        ErrorReason reason, string field, string description, object? value = null, Exception? cause = null) =>
        new(reason, description, cause)
        {
            FieldViolations = [new FieldViolation(field, description)],
            Metadata = value is null
                ? new Dictionary<string, string> { ["field"] = field }
                : new Dictionary<string, string>
                {
                    ["field"] = field,
                    ["value"] =
                        Shorten(Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture) ?? ""),
                },
        };

    /// <summary>The name of the reason on the wire.</summary>
    public string ReasonText => Reason.ToText();

    /// <summary>A value for metadata: of a long one the first 200 characters.</summary>
    public static string Shorten(string value) => value.Length <= 200 ? value : value[..200] + "…";
}
