using CsCheck;
using ForegSyte.Jobs.Tenants;

namespace ForegSyte.Jobs.Tests.Tenants;

public sealed class TenantTurnsTests
{
    private const int Places = 3;
    private static readonly string[] Names = ["a", "b", "c", "d"];

    [Fact]
    public void Next_AnySteps_IsTheWaitingTenantWithTheFewestPlacesForItsWeight() =>
        Gen.Select(Gen.Int[1, 3].Array[4], Gen.Select(Gen.Int[0, 3], Gen.Int[0, 3]).Array[0, 80])
            .Sample((weights, steps) =>
            {
                var turns = New(weights);
                var waiting = new HashSet<string>();
                var used = Names.ToDictionary(name => name, _ => 0);
                foreach (var (command, tenant) in steps)
                {
                    var name = Names[tenant];
                    switch (command)
                    {
                        case 0 or 1:
                            turns.SetWaiting(name, command == 0);
                            _ = command == 0 ? waiting.Add(name) : waiting.Remove(name);
                            break;
                        case 2 when turns.Next(Places, reserve: 1) is { } next:
                            turns.Take(next);
                            used[next]++;
                            break;
                        case 3 when used[name] > 0:
                            turns.Free(name);
                            used[name]--;
                            break;
                    }

                    var total = used.Values.Sum();
                    var least = waiting.Select(ShareOf).DefaultIfEmpty(-1).Min();
                    var isPlaceFree = waiting.Count > 0 && total < (least == 0 ? Places + 1 : Places);
                    var found = turns.Next(Places, reserve: 1);
                    Assert.Equal(isPlaceFree, found is not null);
                    Assert.Equal(total, turns.Used);
                    if (found is not null)
                    {
                        Assert.Contains(found, waiting);
                        Assert.Equal(least, ShareOf(found));
                    }
                }

                double ShareOf(string name) => (double)used[name] / weights[Array.IndexOf(Names, name)];
            });

    /// <summary>With one place, after any past, tenants that always wait get their shares from the start.</summary>
    [Fact]
    public void Next_OnePlaceAndTenantsThatAlwaysWait_GivesEachItsShareWithinOneTurn() =>
        Gen.Select(Gen.Int[1, 4].Array[4], Gen.Select(Gen.Int[0, 3], Gen.Bool).Array[0, 40], Gen.Int[1, 200])
            .Sample((weights, past, length) =>
            {
                var turns = New(weights);
                foreach (var (tenant, isWaiting) in past)
                {
                    turns.SetWaiting(Names[tenant], isWaiting);
                    Run(turns, 1);
                }

                Array.ForEach(Names, name => turns.SetWaiting(name, true));
                Run(turns, weights.Sum());
                var got = Run(turns, length).CountBy(name => name).ToDictionary();
                for (var tenant = 0; tenant < Names.Length; tenant++)
                {
                    var share = (double)length * weights[tenant] / weights.Sum();
                    Assert.InRange(
                        got.GetValueOrDefault(Names[tenant]), share - weights[tenant] - 1, share + weights[tenant] + 1);
                }
            });

    /// <summary>A tenant that waits is served within a turn, whenever the others come and go.</summary>
    [Fact]
    public void Next_OthersThatComeAndGo_ServeATenantThatWaitsWithinOneTurn() =>
        Gen.Select(Gen.Int[1, 4].Array[4], Gen.Select(Gen.Int[1, 3], Gen.Bool).Array[0, 100])
            .Sample((weights, steps) =>
            {
                var turns = New(weights);
                turns.SetWaiting("a", true);
                var sinceServed = 0;
                foreach (var (tenant, isWaiting) in steps)
                {
                    turns.SetWaiting(Names[tenant], isWaiting);
                    sinceServed = Run(turns, 1).Single() == "a" ? 0 : sinceServed + 1;
                    Assert.InRange(sinceServed, 0, weights.Sum() + Names.Length);
                }
            });

    [Fact]
    public void Next_TenantThatReturnsAfterEachJob_GetsNoMoreThanOneThatAlwaysWaits()
    {
        var turns = New([1, 1, 1, 1]);
        turns.SetWaiting("a", true);
        var got = new List<string>();
        for (var round = 0; round < 100; round++)
        {
            turns.SetWaiting("b", true);
            var next = turns.Next(1, 0)!;
            got.Add(next);
            turns.Take(next);
            turns.SetWaiting("b", false);
            turns.Free(next);
        }

        Assert.Equal(50, got.Count(name => name == "a"));
    }

    [Fact]
    public void Next_NewTenantWhileOthersHaveAllPlaces_GetsTheReserve()
    {
        var turns = New([1, 1, 1, 1]);
        turns.SetWaiting("a", true);
        for (var place = 0; place < Places; place++)
        {
            turns.Take(turns.Next(Places, reserve: 1)!);
        }

        Assert.Null(turns.Next(Places, reserve: 1));
        turns.SetWaiting("b", true);
        Assert.Equal("b", turns.Next(Places, reserve: 1));
        turns.Take("b");

        // The reserve is used up; the next place is that of the tenant without one.
        turns.SetWaiting("c", true);
        Assert.Null(turns.Next(Places, reserve: 1));
        turns.Free("a");
        Assert.Equal("c", turns.Next(Places, reserve: 1));
    }

    [Fact]
    public void Next_TenantAtItsOwnLimit_LeavesThePlaceToOthers()
    {
        var turns = new TenantTurns(_ => 1, tenant => tenant == "a" ? 1 : int.MaxValue);
        turns.SetWaiting("a", true);
        turns.Take(turns.Next(Places, 0)!);
        Assert.Null(turns.Next(Places, 0));
        turns.SetWaiting("b", true);
        Assert.Equal("b", turns.Next(Places, 0));
        turns.SetWaiting("b", false);
        turns.Free("a");
        Assert.Equal("a", turns.Next(Places, 0));
    }

    [Fact]
    public void Count_TenantsThatAreGone_AreForgotten()
    {
        var turns = New([1, 1, 1, 1]);
        turns.SetWaiting("b", true);
        for (var number = 0; number < 1000; number++)
        {
            var name = $"tenant-{number}";
            turns.SetWaiting(name, true);
            Run(turns, 2);
            turns.SetWaiting(name, false);
        }

        Assert.InRange(turns.Count, 1, 4);
    }

    /// <summary>Gives places one at a time, each for a job that ends at once.</summary>
    private static List<string> Run(TenantTurns turns, int jobs)
    {
        var got = new List<string>();
        while (got.Count < jobs && turns.Next(1, 0) is { } next)
        {
            turns.Take(next);
            turns.Free(next);
            got.Add(next);
        }

        return got;
    }

    private static TenantTurns New(int[] weights) => new(
        name => Array.IndexOf(Names, name) is >= 0 and var index ? weights[index] : 1, _ => int.MaxValue);
}
