using CsCheck;
using ForegSyte.Jobs.Inference;

namespace ForegSyte.Jobs.Tests.Inference;

public sealed class LeastRequestsPolicyTests
{
    private static readonly Gen<InstanceLoad> Load = Gen.Select(
        Gen.OneOf<InstanceHealth?>(null, InstanceHealth.Lost, InstanceHealth.NotServing, InstanceHealth.Serving),
        Gen.Int[0, 4],
        Gen.Bool,
        (health, calls, cannotRead) => new InstanceLoad(health, calls, cannotRead));

    [Theory]
    [InlineData(new[] { 3, 1, 2 }, 1)]
    [InlineData(new[] { 2, 5, 0 }, 2)]
    [InlineData(new[] { 0, 7, 4 }, 0)]
    [InlineData(new[] { 4, 2, 2 }, 1)]
    public void Pick_AllServe_IsTheFirstWithTheFewestCalls(int[] calls, int expected) =>
        Assert.Equal(expected, LeastRequestsPolicy.Pick([.. calls.Select(Serving)]));

    [Fact]
    public void Pick_IdleInstanceThatDoesNotServe_IsSkipped() => Assert.Equal(
        3,
        LeastRequestsPolicy.Pick(
        [
            new InstanceLoad(null, 0), new InstanceLoad(InstanceHealth.Lost, 0),
            new InstanceLoad(InstanceHealth.NotServing, 0), Serving(9),
        ]));

    [Fact]
    public void Pick_ExceptedInstance_IsNeverChosen()
    {
        Assert.Equal(1, LeastRequestsPolicy.Pick([Serving(0), Serving(8)], 0));
        Assert.Null(LeastRequestsPolicy.Pick([Serving(0)], 0));
        Assert.Null(LeastRequestsPolicy.Pick([]));
    }

    [Fact]
    public void Pick_AnyLoads_IsAServingInstanceThatNoOtherUndercuts() =>
        Gen.Select(Load.Array[0, 6], Gen.Int[-1, 5]).Sample((loads, except) =>
        {
            var chosen = LeastRequestsPolicy.Pick(loads, except);
            var candidates = loads.Index()
                .Where(load => load.Index != except && load.Item.Health == InstanceHealth.Serving)
                .ToList();
            Assert.Equal(candidates.Count == 0, chosen is null);
            if (chosen is { } index)
            {
                Assert.Contains(index, candidates.Select(load => load.Index));
                var preferred = candidates.Where(load => load.Item.CannotRead == loads[index].CannotRead);
                Assert.All(preferred, load => Assert.InRange(loads[index].CallsInFlight, 0, load.Item.CallsInFlight));
                Assert.Equal(candidates.TrueForAll(load => load.Item.CannotRead), loads[index].CannotRead);
            }
        });

    private static InstanceLoad Serving(int calls) => new(InstanceHealth.Serving, calls);
}
