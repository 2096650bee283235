using System.Text.RegularExpressions;
using ForegSyte.V1;
using Google.Protobuf.Reflection;

namespace ForegSyte.Protocol.Errors;

/// <summary>The text form of <see cref="ErrorReason"/> in google.rpc.ErrorInfo.</summary>
public static class ErrorReasons
{
    /// <summary>The domain of every ErrorInfo of ForegSyte.</summary>
    public const string Domain = "foregsyte.dev";

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

/// <summary>
/// The comments of errors.proto, which is embedded in the assembly because generated code drops comments. So the
/// meaning of a reason is written once, where generated stubs have it too.
/// </summary>
internal static partial class ErrorReasonComments
{
    private static readonly Lazy<Dictionary<string, string>> Comments = new(() => Parse(ReadFile()));

    /// <summary>The comment of a reason as one line.</summary>
    /// <param name="name">Name without prefix.</param>
    public static string Of(string name) => Comments.Value[name];

    private static Dictionary<string, string> Parse(string proto) => Values().Matches(proto).ToDictionary(
        match => match.Groups["name"].Value,
        match => string.Join(' ', match.Groups["line"].Captures.Select(line => line.Value.Trim())));

    private static string ReadFile()
    {
        using var file = typeof(ErrorReasonComments).Assembly.GetManifestResourceStream("errors.proto")!;
        using var reader = new StreamReader(file);
        return reader.ReadToEnd();
    }

    // The first line of the comment, possibly with a status code, its other lines, the value.
    [GeneratedRegex(
        @"^ *// (?:[A-Z_]+\. )?(?<line>.*)\n(?: *//(?<line>.*)\n)* *ERROR_REASON_(?<name>\w+) = \d+",
        RegexOptions.Multiline)]
    private static partial Regex Values();
}
