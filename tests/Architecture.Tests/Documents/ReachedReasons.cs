using System.Text.RegularExpressions;
using ForegSyte.Architecture.Tests.Sources;
using ForegSyte.V1;

namespace ForegSyte.Architecture.Tests.Documents;

/// <summary>Which test reaches which reason over a socket, as the Reaches attributes in the sources say.</summary>
internal static partial class ReachedReasons
{
    /// <summary>Its tests are about sources, this class among them, and reach no service.</summary>
    private const string OwnProject = "tests/Architecture.Tests/";

    /// <summary>The tests of each reason, for example "BadInputTests.Submit_BadFields_AreNamed".</summary>
    public static ILookup<ErrorReason, string> Read() =>
        SourceFiles.Paths()
            .Where(path => path.EndsWith("Tests.cs", StringComparison.Ordinal))
            .Where(path => !path.StartsWith(OwnProject, StringComparison.Ordinal))
            .SelectMany(path => Parse(Path.GetFileNameWithoutExtension(path), SourceFiles.Read(path)))
            .ToLookup(claim => claim.Reason, claim => claim.Test);

    /// <summary>The claims in the text of one class.</summary>
    public static IEnumerable<(ErrorReason Reason, string Test)> Parse(string className, string source) =>
        from test in Claims().Matches(source)
        from reason in test.Groups["reason"].Captures
        select (Enum.Parse<ErrorReason>(reason.Value), $"{className}.{test.Groups["test"].Value}");

    // One or more attributes, other attributes between them, the method.
    [GeneratedRegex(
        @"(?:\[Reaches\(ErrorReason\.(?<reason>\w+)\)\]\s*(?:\[.*\]\s*)*?)+public (?:async )?Task (?<test>\w+)\(")]
    private static partial Regex Claims();
}
