using CsCheck;
using ForegSyte.Jobs.Uploads;

namespace ForegSyte.Jobs.Tests.Uploads;

/// <summary>Compares the set with a simple model: one flag for each byte.</summary>
public sealed class ExtentSetTests
{
    private const int Size = 60;

    private static readonly Gen<Extent> AnyExtent =
        Gen.Select(Gen.Int[0, Size - 1], Gen.Int[1, Size]).Select((start, length) =>
            new Extent(start, Math.Min(Size, start + length)));

    private static readonly Gen<Extent[]> AnyExtents = AnyExtent.Array[0, 30];

    [Fact]
    public void Add_AnyExtents_MatchesTheModel() => AnyExtents.Sample(extents =>
    {
        var (set, flags) = Make(extents);

        Assert.Equal(ExtentsOf(flags), set.ToList());
        Assert.Equal(flags.Count(isIn => isIn), set.Bytes);
        Assert.Equal(set.ToList().Count, set.Count);
        Assert.Equal(flags.TakeWhile(isIn => isIn).Count(), set.PrefixEnd);
    });

    [Fact]
    public void MissingIn_AnyExtent_MatchesTheModel() => Gen.Select(AnyExtents, AnyExtent).Sample((extents, wanted) =>
    {
        var (set, flags) = Make(extents);
        var missing = new bool[Size];
        for (var at = wanted.Start; at < wanted.End; at++)
        {
            missing[at] = !flags[at];
        }

        Assert.Equal(ExtentsOf(missing), set.MissingIn(wanted));
    });

    [Fact]
    public void CountAfter_AnyExtent_IsTheCountAfterAdd() =>
        Gen.Select(AnyExtents, AnyExtent).Sample((extents, added) =>
        {
            var (set, _) = Make(extents);
            var expected = set.CountAfter(added);

            set.Add(added);

            Assert.Equal(expected, set.Count);
        });

    [Fact]
    public void Add_InReverseOrder_GivesTheSameSet() => AnyExtents.Sample(extents =>
        Assert.Equal(Make(extents).Set.ToList(), Make([.. extents.Reverse()]).Set.ToList()));

    private static (ExtentSet Set, bool[] There) Make(Extent[] extents)
    {
        var set = new ExtentSet();
        var flags = new bool[Size];
        foreach (var extent in extents)
        {
            set.Add(extent);
            Array.Fill(flags, true, (int)extent.Start, (int)extent.Length);
        }

        return (set, flags);
    }

    private static List<Extent> ExtentsOf(bool[] flags)
    {
        var extents = new List<Extent>();
        for (var at = 0; at < flags.Length; at++)
        {
            if (flags[at])
            {
                var start = at;
                while (at < flags.Length && flags[at])
                {
                    at++;
                }

                extents.Add(new Extent(start, at));
            }
        }

        return extents;
    }
}
