using ForegSyte.Architecture.Tests.Planted.Down;

namespace ForegSyte.Architecture.Tests.Layers;

/// <summary>The check finds what is planted in this assembly, so that an empty report means something.</summary>
public sealed class LayerCheckTests
{
    private const string Planted = "ForegSyte.Architecture.Tests.Planted";

    private static readonly Layer Down = new("Down", $"{Planted}.Down");
    private static readonly Layer Up = new("Up", $"{Planted}.Up") { Uses = ["Down"] };
    private static readonly Layer Elsewhere = new("Elsewhere", $"{Planted}.Elsewhere");
    private static readonly Layer Framework = new(Layering.Framework, "System");

    public static TheoryData<string> PlantedTypes =>
        [.. typeof(Violations).GetNestedTypes(System.Reflection.BindingFlags.NonPublic).Select(type => type.Name)];

    [Theory]
    [MemberData(nameof(PlantedTypes))]
    public void Run_UseOfTheLayerAbove_IsReported(string type) => Assert.Contains(
        Run(Down, Up, Elsewhere).Violations,
        text => text == $"{Planted}.Down.Violations+{type} (Down) uses {Planted}.Up.Upper (Up).");

    [Fact]
    public void Run_NothingButPlantedUses_IsReported() =>
        Assert.Equal(PlantedTypes.Count, Run(Down, Up, Elsewhere).Violations.Count);

    [Fact]
    public void Run_AllowedUses_AreNotReported() =>
        Assert.Empty(Run(Down with { Uses = ["Up"] }, Up, Elsewhere).Violations);

    [Fact]
    public void Run_TypeOfNoLayer_IsReported() => Assert.Contains(
        $"{Planted}.Elsewhere.Stray belongs to no layer.", Run(Down, Up).Violations);

    [Fact]
    public void Run_UseOfAnUnknownLibrary_IsReported() => Assert.Contains(
        $"{Planted}.Down.Innocent (Down) uses System.Collections.Generic.List`1, which no layer has.",
        new LayerCheck([Down, Up, Elsewhere], []).Run(typeof(Violations).Assembly, Planted).Violations);

    [Fact]
    public void Run_AllowedUseThatNobodyMakes_IsReported() => Assert.Equal(
        ["Elsewhere -> Up"], Run(Down with { Uses = ["Up"] }, Up, Elsewhere with { Uses = ["Up"] }).Unused);

    [Fact]
    public void Run_CountsTheTypesOfEachLayer() => Assert.Equal(
        [("Down", PlantedTypes.Count + 2), ("Up", 1), ("Void", 0)],
        Run(Down, Up, new Layer("Void", $"{Planted}.Void")).TypeCounts.Select(count => (count.Key, count.Value)));

    private static LayerReport Run(params Layer[] layers) =>
        new LayerCheck(layers, [Framework]).Run(typeof(Violations).Assembly, Planted);
}
