using System.Text.RegularExpressions;

namespace ForegSyte.Protocol.Errors;

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
