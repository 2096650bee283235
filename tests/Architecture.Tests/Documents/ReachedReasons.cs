using System.Text.RegularExpressions;
using ForegSyte.Architecture.Tests.Sources;
using ForegSyte.V1;

namespace ForegSyte.Architecture.Tests.Documents;

/// <summary>Reads the [Reaches] attributes: which test receives which error reason over a socket.</summary>
internal static partial class ReachedReasons
{
    /// <summary>This project contains sample sources.</summary>
    private const string OwnProject = "tests/Architecture.Tests/";

    /// <summary>The tests by reason, for example "BadInputTests.Submit_BadFields_AreNamed".</summary>
    public static ILookup<ErrorReason, string> Read() =>
        SourceFiles.Paths()
            .Where(path => path.StartsWith("tests/", StringComparison.Ordinal))
            .Where(path => !path.StartsWith(OwnProject, StringComparison.Ordinal))
            .SelectMany(path => SourceFiles.ClassesIn(SourceFiles.Read(path)))
            .SelectMany(item => Parse(item.Class, item.Text))
            .ToLookup(claim => claim.Reason, claim => claim.Test);

    /// <summary>The attributes in the text of one class.</summary>
    public static IEnumerable<(ErrorReason Reason, string Test)> Parse(string className, string source) =>
        from test in Claims().Matches(source)
        from reason in test.Groups["reason"].Captures
        select (Enum.Parse<ErrorReason>(reason.Value), $"{className}.{test.Groups["test"].Value}");

    // One or more attributes, with other attributes between them, then the method.
    [GeneratedRegex(
        @"(?:\[Reaches\(ErrorReason\.(?<reason>\w+)\)\]\s*(?:\[.*\]\s*)*?)+public (?:async )?Task (?<test>\w+)\(")]
    private static partial Regex Claims();
}
