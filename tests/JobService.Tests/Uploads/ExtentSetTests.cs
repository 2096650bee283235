using CsCheck;
using ForegSyte.Jobs.Uploads;

namespace ForegSyte.Jobs.Tests.Uploads;

/// <summary>The set of extents against the plainest model of it: a flag for each byte.</summary>
public sealed class ExtentSetTests
{
    private const int Size = 60;

    private static readonly Gen<Extent> AnyExtent =
        Gen.Select(Gen.Int[0, Size - 1], Gen.Int[1, Size]).Select((start, length) =>
            new Extent(start, Math.Min(Size, start + length)));

    private static readonly Gen<Extent[]> AnyExtents = AnyExtent.Array[0, 30];

    [Fact]
    public void Add_Anything_IsWhatIsThere() => AnyExtents.Sample(extents =>
    {
        var (set, there) = Make(extents);

        Assert.Equal(ExtentsOf(there), set.ToList());
        Assert.Equal(there.Count(isThere => isThere), set.Bytes);
        Assert.Equal(set.ToList().Count, set.Count);
        Assert.Equal(there.TakeWhile(isThere => isThere).Count(), set.PrefixEnd);
    });

    [Fact]
    public void MissingIn_Anything_IsWhatIsNotThere() => Gen.Select(AnyExtents, AnyExtent).Sample((extents, wanted) =>
    {
        var (set, there) = Make(extents);
        var missing = new bool[Size];
        for (var at = wanted.Start; at < wanted.End; at++)
        {
            missing[at] = !there[at];
        }

        Assert.Equal(ExtentsOf(missing), set.MissingIn(wanted));
    });

    [Fact]
    public void CountAfter_Anything_IsTheCountAfterTheAddition() =>
        Gen.Select(AnyExtents, AnyExtent).Sample((extents, added) =>
        {
            var (set, _) = Make(extents);
            var expected = set.CountAfter(added);

            set.Add(added);

            Assert.Equal(expected, set.Count);
        });

    [Fact]
    public void Add_InAnyOrder_IsTheSame() => AnyExtents.Sample(extents =>
        Assert.Equal(Make(extents).Set.ToList(), Make([.. extents.Reverse()]).Set.ToList()));

    private static (ExtentSet Set, bool[] There) Make(Extent[] extents)
    {
        var set = new ExtentSet();
        var there = new bool[Size];
        foreach (var extent in extents)
        {
            set.Add(extent);
            Array.Fill(there, true, (int)extent.Start, (int)extent.Length);
        }

        return (set, there);
    }

    private static List<Extent> ExtentsOf(bool[] there)
    {
        var extents = new List<Extent>();
        for (var at = 0; at < there.Length; at++)
        {
            if (there[at])
            {
                var start = at;
                while (at < there.Length && there[at])
                {
                    at++;
                }

                extents.Add(new Extent(start, at));
            }
        }

        return extents;
    }
}
