using System.Globalization;
using ForegSyte.Protocol.Tracking;
using ForegSyte.Testing;

namespace ForegSyte.Inference.Tests.Models;

/// <summary>The tables of parameters in docs/tracking.md are those of the code.</summary>
public sealed class TrackingDocumentTests
{
    public static TheoryData<string, IReadOnlyList<TrackingParameter>> Tables => new()
    {
        { "### Parameters of objects", TrackingParameters.Objects },
        { "### Parameters of texts", TrackingParameters.Texts },
        { "### Parameters of shots", TrackingParameters.Shots },
    };

    [Theory]
    [MemberData(nameof(Tables), DisableDiscoveryEnumeration = true)]
    public void Table_EveryParameter_HasRangeAndDefaultOfTheCode(
        string heading, IReadOnlyList<TrackingParameter> parameters)
    {
        var rows = File.ReadLines(Path.Combine(RepositoryFiles.Root, "docs", "tracking.md"))
            .SkipWhile(line => line != heading).Skip(1)
            .TakeWhile(line => !line.StartsWith('#'))
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .ToList();

        // The last column, the meaning, is for people.
        Assert.Equal(
            parameters.Select(parameter => string.Create(
                CultureInfo.InvariantCulture,
                $"`{parameter.Name}` | {(parameter.IsWhole ? "whole, " : "")}{parameter.Minimum:#,0.###} to ")
                + string.Create(
                    CultureInfo.InvariantCulture, $"{parameter.Maximum:#,0.###} | {parameter.Default:#,0.###}")),
            rows.Select(row => string.Join(" | ", row.Trim('|', ' ').Split(" | ")[..3])));
        Assert.All(rows, row => Assert.Equal(4, row.Trim('|', ' ').Split(" | ").Length));
    }
}
