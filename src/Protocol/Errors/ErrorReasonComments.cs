using System.Text.RegularExpressions;

namespace ForegSyte.Protocol.Errors;

/// <summary>
/// The comments of errors.proto. Generated code drops comments, so the file itself travels with the assembly: what a
/// reason means is written once, where those who generate stubs read it.
/// </summary>
internal static partial class ErrorReasonComments
{
    private static readonly Lazy<Dictionary<string, string>> Comments = new(() => Parse(ReadFile()));

    /// <summary>The comment of a reason by its name without the prefix, as one line.</summary>
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

    // The comment's first line, perhaps with the code in front, its other lines, the value.
    [GeneratedRegex(
        @"^ *// (?:[A-Z_]+\. )?(?<line>.*)\n(?: *//(?<line>.*)\n)* *ERROR_REASON_(?<name>\w+) = \d+",
        RegexOptions.Multiline)]
    private static partial Regex Values();
}
