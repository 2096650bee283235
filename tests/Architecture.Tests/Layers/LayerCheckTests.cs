using ForegSyte.Architecture.Tests.SampleLayers.Down;

namespace ForegSyte.Architecture.Tests.Layers;

/// <summary>The check finds every forbidden use of the sample layers.</summary>
public sealed class LayerCheckTests
{
    private const string Root = "ForegSyte.Architecture.Tests.SampleLayers";

    private static readonly Layer Down = new("Down", $"{Root}.Down");
    private static readonly Layer Up = new("Up", $"{Root}.Up") { Uses = ["Down"] };
    private static readonly Layer Elsewhere = new("Elsewhere", $"{Root}.Elsewhere");
    private static readonly Layer Framework = new(Layering.Framework, "System");

    public static TheoryData<string> ForbiddenTypes =>
        [.. typeof(ForbiddenUses).GetNestedTypes(System.Reflection.BindingFlags.NonPublic).Select(type => type.Name)];

    [Theory]
    [MemberData(nameof(ForbiddenTypes))]
    public void Run_UseOfTheLayerAbove_IsReported(string type) => Assert.Contains(
        Run(Down, Up, Elsewhere).Violations,
        text => text == $"{Root}.Down.ForbiddenUses+{type} (Down) uses {Root}.Up.Upper (Up).");

    [Fact]
    public void Run_OnlyForbiddenUses_AreReported() =>
        Assert.Equal(ForbiddenTypes.Count, Run(Down, Up, Elsewhere).Violations.Count);

    [Fact]
    public void Run_AllowedUses_AreNotReported() =>
        Assert.Empty(Run(Down with { Uses = ["Up"] }, Up, Elsewhere).Violations);

    [Fact]
    public void Run_TypeOfNoLayer_IsReported() => Assert.Contains(
        $"{Root}.Elsewhere.Unlisted belongs to no layer.", Run(Down, Up).Violations);

    [Fact]
    public void Run_UseOfAnUnknownLibrary_IsReported() => Assert.Contains(
        $"{Root}.Down.Lower (Down) uses System.Collections.Generic.List`1, which belongs to no layer.",
        new LayerCheck([Down, Up, Elsewhere], []).Run(typeof(ForbiddenUses).Assembly, Root).Violations);

    [Fact]
    public void Run_AllowedUseThatDoesNotOccur_IsReported() => Assert.Equal(
        ["Elsewhere -> Up"], Run(Down with { Uses = ["Up"] }, Up, Elsewhere with { Uses = ["Up"] }).Unused);

    [Fact]
    public void Run_CountsTheTypesOfEachLayer() => Assert.Equal(
        [("Down", ForbiddenTypes.Count + 2), ("Up", 1), ("Void", 0)],
        Run(Down, Up, new Layer("Void", $"{Root}.Void")).TypeCounts.Select(count => (count.Key, count.Value)));

    private static LayerReport Run(params Layer[] layers) =>
        new LayerCheck(layers, [Framework]).Run(typeof(ForbiddenUses).Assembly, Root);
}
