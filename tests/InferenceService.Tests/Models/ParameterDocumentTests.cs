using ForegSyte.Inference.Models;
using ForegSyte.Inference.Stages;
using ForegSyte.Testing;

namespace ForegSyte.Inference.Tests.Models;

/// <summary>The table of parameters in docs/models.md is that of the code.</summary>
public sealed class ParameterDocumentTests
{
    [Fact]
    public void Table_EveryParameter_HasTypeRangeAndDefaultOfTheCode()
    {
        var rows = File.ReadLines(Path.Combine(RepositoryFiles.Root, "docs", "models.md"))
            .SkipWhile(line => line != "## Parameters of the stages")
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .TakeWhile(line => StageKind.All.Any(kind => line.StartsWith($"| `{kind.Name}`", StringComparison.Ordinal)))
            .ToList();

        // The last column, the meaning, is for people.
        Assert.Equal(
            StageKind.All.SelectMany(Rows),
            rows.Select(row => string.Join(" | ", row.Trim('|', ' ').Split(" | ")[..5])));
        Assert.All(rows, row => Assert.Equal(6, row.Trim('|', ' ').Split(" | ").Length));
    }

    /// <summary>The parameters of a stage depend on its roles, not on the families of its models.</summary>
    [Fact]
    public void FamiliesOfARole_HaveTheSameNamesAndRanges() => Assert.All(
        FamilyRules.ByName.Values,
        rules => Assert.Equal(
            FamilyRules.ParametersOf(rules.Role).Select(rule => (rule.Name, rule.Minimum, rule.Maximum)),
            rules.Thresholds.Select(rule => (rule.Name, rule.Minimum, rule.Maximum))));

    /// <summary>Within a stage a name belongs to one role.</summary>
    [Fact]
    public void ParametersOfAStage_HaveDistinctNames() => Assert.All(
        StageKind.All,
        kind => Assert.Distinct(Roles(kind).SelectMany(FamilyRules.ParametersOf).Select(rule => rule.Name)));

    private static IEnumerable<ModelRole> Roles(StageKind kind) =>
        [.. kind.RequiredRoles.Values, .. kind.OptionalRoles.Values];

    private static IEnumerable<string> Rows(StageKind kind) =>
        from role in Roles(kind)
        from rule in FamilyRules.ParametersOf(role)
        select FormattableString.Invariant(
            $"`{kind.Name}` | `{rule.Name}` | number | {rule.Minimum} to {rule.Maximum} | {Default(role, rule.Name)}");

    private static string Default(ModelRole role, string name)
    {
        var defaults = FamilyRules.ByName.Values.Where(rules => rules.Role == role)
            .OrderBy(rules => rules.Name, StringComparer.Ordinal)
            .Select(rules => (rules.Name, rules.Thresholds.Single(rule => rule.Name == name).Default))
            .ToList();
        return defaults switch
        {
            [(_, null), ..] => "value of `iou`",
            [(_, var only)] => FormattableString.Invariant($"{only}"),
            _ => string.Join(", ", defaults.Select(pair => FormattableString.Invariant($"{pair.Name} {pair.Default}"))),
        };
    }
}
