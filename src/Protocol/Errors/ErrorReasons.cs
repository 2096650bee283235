using ForegSyte.V1;
using Google.Protobuf.Reflection;

namespace ForegSyte.Protocol.Errors;

/// <summary>The text form of <see cref="ErrorReason"/> in google.rpc.ErrorInfo.</summary>
public static class ErrorReasons
{
    /// <summary>The domain of every ErrorInfo of ForegSyte.</summary>
    public const string Domain = "foregsyte";

    private const string Prefix = "ERROR_REASON_";

    private static readonly Dictionary<ErrorReason, string> Names = ErrorsReflection.Descriptor
        .FindTypeByName<EnumDescriptor>(nameof(ErrorReason)).Values
        .ToDictionary(value => (ErrorReason)value.Number, value => value.Name[Prefix.Length..]);

    private static readonly Dictionary<string, ErrorReason> Reasons =
        Names.ToDictionary(pair => pair.Value, pair => pair.Key);

    /// <summary>The name on the wire, for example "JOB_NOT_FOUND".</summary>
    public static string ToText(this ErrorReason reason) => Names[reason];

    /// <summary>The meaning of the reason: its comment in errors.proto without the status code.</summary>
    public static string Describe(this ErrorReason reason) => ErrorReasonComments.Of(reason.ToText());

    /// <summary>Parses a name from the wire; an unknown name is <see cref="ErrorReason.Unspecified"/>.</summary>
    public static ErrorReason Parse(string? text) =>
        text is not null && Reasons.TryGetValue(text, out var reason) ? reason : ErrorReason.Unspecified;
}
