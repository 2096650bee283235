using System.Reflection;

namespace ForegSyte.Architecture.Tests.Layers;

/// <summary>The services follow <see cref="Layering"/>.</summary>
public sealed class LayeringTests
{
    public static TheoryData<string> Services => ["ForegSyte.JobService", "ForegSyte.InferenceService"];

    [Theory]
    [MemberData(nameof(Services))]
    public void Service_HasOnlyAllowedUses(string service) =>
        Findings.AssertNone(ReportOf(service).Violations);

    [Theory]
    [MemberData(nameof(Services))]
    public void Table_HasOnlyUsesThatOccur(string service) =>
        Findings.AssertNone(ReportOf(service).Unused);

    [Theory]
    [MemberData(nameof(Services))]
    public void Table_HasOnlyLayersWithTypes(string service) =>
        Assert.All(ReportOf(service).TypeCounts, count => Assert.True(count.Value > 0, $"{count.Key} has no types."));

    [Theory]
    [MemberData(nameof(Services))]
    public void Table_NoLayerUsesGrpc(string service) =>
        Assert.DoesNotContain(LayersOf(service), layer => layer.Uses.Contains("Grpc"));

    /// <summary>Dependencies between two layers point one way.</summary>
    [Theory]
    [MemberData(nameof(Services))]
    public void Table_HasNoMutualUses(string service)
    {
        var layers = LayersOf(service);
        var mutual =
            from one in layers
            from other in layers
            where string.CompareOrdinal(one.Name, other.Name) < 0
                && one.Uses.Contains(other.Name) && other.Uses.Contains(one.Name)
            select $"{one.Name} and {other.Name}";

        Findings.AssertNone(mutual.Select(pair => $"{pair} use each other."));
    }

    [Theory]
    [InlineData("ForegSyte.JobService", "Jobs", "Protocol")]
    [InlineData("ForegSyte.JobService", "Mp4", "Protocol")]
    [InlineData("ForegSyte.InferenceService", "Vision", "")]
    public void Table_KeepsTheCorePure(string service, string core, string reachable) =>
        Assert.Equal(reachable, string.Join(',', Reachable(LayersOf(service), core)));

    private static LayerReport ReportOf(string service) =>
        new LayerCheck(LayersOf(service), Layering.Outside).Run(Assembly.Load(service));

    private static IReadOnlyList<Layer> LayersOf(string service) =>
        service == "ForegSyte.JobService" ? Layering.JobService : Layering.InferenceService;

    private static SortedSet<string> Reachable(IReadOnlyList<Layer> layers, string from)
    {
        var reached = new SortedSet<string>(StringComparer.Ordinal);
        var next = new Queue<string>([from]);
        while (next.TryDequeue(out var name))
        {
            foreach (var use in layers.SingleOrDefault(layer => layer.Name == name)?.Uses ?? [])
            {
                if (reached.Add(use))
                {
                    next.Enqueue(use);
                }
            }
        }

        return reached;
    }
}
