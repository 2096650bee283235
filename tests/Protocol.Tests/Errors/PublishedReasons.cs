using System.Globalization;
using System.Text.RegularExpressions;
using ForegSyte.Protocol.Errors;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace ForegSyte.Protocol.Tests.Errors;

/// <summary>Compares the reasons in errors.proto with <see cref="ErrorReasonTable"/>.</summary>
internal static partial class PublishedReasons
{
    private static readonly EnumDescriptor Codes =
        Google.Rpc.CodeReflection.Descriptor.FindTypeByName<EnumDescriptor>("Code");

    /// <summary>The text of errors.proto.</summary>
    public static string ReadFile() =>
        File.ReadAllText(Path.Combine(RepositoryFiles.Root, "protos", "foregsyte", "v1", "errors.proto"));

    /// <summary>Parses the reasons of a text such as errors.proto, including ERROR_REASON_UNSPECIFIED.</summary>
    public static IReadOnlyList<PublishedReason> Parse(string proto) =>
    [
        .. Values().Matches(proto).Select(match => new PublishedReason(
            match.Groups["name"].Value,
            int.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture),
            match.Groups["code"].Value)),
    ];

    /// <summary>The differences between comments and <see cref="ErrorReasonTable"/>, one sentence each.</summary>
    public static IEnumerable<string> Disagreements(IEnumerable<PublishedReason> reasons)
    {
        foreach (var (name, number, code) in reasons.Where(reason => reason.Number != (int)ErrorReason.Unspecified))
        {
            if (Codes.FindValueByName(code) is not { } published)
            {
                yield return $"The comment of {name} does not start with a status code.";
            }
            else if (ErrorReasonTable.Of((ErrorReason)number).Code is var actual
                && actual != (StatusCode)published.Number)
            {
                yield return $"{name} is published with {code} but has {actual}.";
            }
        }
    }

    // The first line of the comment, its other lines, the value.
    [GeneratedRegex(
        @"^ *// (?:(?<code>[A-Z_]+)\. )?.*\n(?: *//.*\n)* *ERROR_REASON_(?<name>\w+) = (?<number>\d+)",
        RegexOptions.Multiline)]
    private static partial Regex Values();
}

/// <summary>A reason in errors.proto.</summary>
/// <param name="Name">Name without prefix, for example "JOB_NOT_FOUND".</param>
/// <param name="Number">Number of the enum value.</param>
/// <param name="Code">Status code at the start of the comment, for example "NOT_FOUND"; empty for none.</param>
internal sealed record PublishedReason(string Name, int Number, string Code);
