using System.Globalization;
using System.Text.RegularExpressions;
using ForegSyte.Hosting.Errors;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace ForegSyte.Protocol.Tests.Errors;

/// <summary>The text of errors.proto, which callers read, against the table that the services answer from.</summary>
internal static partial class PublishedReasons
{
    private static readonly EnumDescriptor Codes =
        Google.Rpc.CodeReflection.Descriptor.FindTypeByName<EnumDescriptor>("Code");

    /// <summary>The text of errors.proto.</summary>
    public static string ReadFile() =>
        File.ReadAllText(Path.Combine(RepositoryFiles.Root, "protos", "foregsyte", "v1", "errors.proto"));

    /// <summary>The reasons in a text like that of errors.proto, the one that is never used among them.</summary>
    public static IReadOnlyList<PublishedReason> Parse(string proto) =>
    [
        .. Values().Matches(proto).Select(match => new PublishedReason(
            match.Groups["name"].Value,
            int.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture),
            match.Groups["code"].Value)),
    ];

    /// <summary>Where comments and <see cref="ErrorReasonTable"/> differ, a sentence each.</summary>
    public static IEnumerable<string> Disagreements(IEnumerable<PublishedReason> reasons)
    {
        foreach (var (name, number, code) in reasons.Where(reason => reason.Number != (int)ErrorReason.Unspecified))
        {
            if (Codes.FindValueByName(code) is not { } published)
            {
                yield return $"The comment of {name} does not begin with a status code.";
            }
            else if (ErrorReasonTable.Of((ErrorReason)number).Code is var actual
                && actual != (StatusCode)published.Number)
            {
                yield return $"{name} is published with {code} and answered with {actual}.";
            }
        }
    }

    // The comment's first line, its other lines, the value.
    [GeneratedRegex(
        @"^ *// (?:(?<code>[A-Z_]+)\. )?.*\n(?: *//.*\n)* *ERROR_REASON_(?<name>\w+) = (?<number>\d+)",
        RegexOptions.Multiline)]
    private static partial Regex Values();
}
