using ForegSyte.Protocol.Errors;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;

namespace ForegSyte.Hosting.Errors;

/// <summary>
/// An expected failure that is reported to the caller. The reason determines the status code
/// (<see cref="ErrorReasonTable"/>); <see cref="ErrorInterceptor"/> creates the status. Its texts may
/// quote the caller, so control characters in them are escaped.
/// </summary>
/// <param name="reason">Reason from the published list.</param>
/// <param name="message">What is wrong and what to do; sent to the caller.</param>
/// <param name="innerException">Cause, for the log only.</param>
public sealed class ServiceException(ErrorReason reason, string message, Exception? innerException = null)
    : Exception(ControlCharacters.Escape(message), innerException)
{
    /// <summary>Reason from the published list.</summary>
    public ErrorReason Reason { get; } = reason;

    /// <summary>Every variable part of the message by lowerCamelCase key (AIP-193).</summary>
    public IReadOnlyDictionary<string, string> Metadata
    {
        get;
        init => field = value.ToDictionary(entry => entry.Key, entry => ControlCharacters.Escape(entry.Value));
    } = new Dictionary<string, string>();

    /// <summary>Invalid fields; sent as google.rpc.BadRequest.</summary>
    public IReadOnlyList<FieldViolation> FieldViolations { get; init; } = [];

    /// <summary>The resource as (type, name); sent as google.rpc.ResourceInfo.</summary>
    public (string Type, string Name)? Resource { get; init; }

    /// <summary>The exceeded quota; sent as google.rpc.QuotaFailure.</summary>
    public QuotaViolation? Quota { get; init; }

    /// <summary>When the caller can retry; sent as google.rpc.RetryInfo.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>
    /// Last output of a failed tool, without paths and secrets; sent as google.rpc.DebugInfo. Empty for none.
    /// </summary>
    public string LastWords { get; set; } = "";

    /// <summary>An invalid field.</summary>
    public static ServiceException InvalidField(string field, string description, object? value = null) =>
        ForField(ErrorReason.InvalidField, field, description, value);

    /// <summary>A required field that is empty.</summary>
    public static ServiceException MissingField(string field, string whatToDo) =>
        ForField(ErrorReason.MissingField, field, $"{field} is required. {whatToDo}");

    /// <summary>An invalid field with a specific reason.</summary>
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

    /// <summary>Name of the reason on the wire.</summary>
    public string ReasonText => Reason.ToText();

    /// <summary>Truncates a value for metadata to 200 characters.</summary>
    public static string Shorten(string value) => value.Length <= 200 ? value : value[..200] + "…";
}

/// <summary>An invalid field of a request.</summary>
/// <param name="Field">Path of the field with proto names, for example "options.frame_stride".</param>
/// <param name="Description">What is wrong and what is allowed, a full sentence.</param>
public sealed record FieldViolation(string Field, string Description)
{
    /// <summary>Path of the field; control characters are escaped.</summary>
    public string Field { get; } = ControlCharacters.Escape(Field);

    /// <summary>What is wrong and what is allowed; control characters are escaped.</summary>
    public string Description { get; } = ControlCharacters.Escape(Description);
}

/// <summary>An exceeded quota.</summary>
/// <param name="Subject">Owner of the quota, for example "tenant:acme".</param>
/// <param name="Description">Which quota and its size, a full sentence.</param>
public sealed record QuotaViolation(string Subject, string Description);
