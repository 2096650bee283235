using CsCheck;
using ForegSyte.Client.Uploads;
using ForegSyte.V1;

namespace ForegSyte.Client.Tests.Sdk.Uploads;

public sealed class PartPlanTests
{
    private static readonly Gen<ByteRange[]> Ranges = Gen.Select(
        Gen.Int[-20, 220], Gen.Int[-20, 220], (start, end) => new ByteRange { Start = start, End = end }).Array[0, 8];

    [Fact]
    public void Of_AnyRanges_CoversTheVideoOnceAndMarksTheUploadedBytes() => Gen
        .Select(Gen.Int[1, 200], Gen.Int[1, 50], Ranges)
        .Sample((size, partBytes, ranges) =>
        {
            var position = 0L;
            foreach (var part in PartPlan.Of(size, partBytes, ranges))
            {
                Assert.Equal(position, part.Offset);
                Assert.InRange(part.Length, 1, partBytes);
                for (var offset = part.Offset; offset < part.Offset + part.Length; offset++)
                {
                    Assert.Equal(part.IsUploaded, IsIn(offset, size, ranges));
                }

                position += part.Length;
            }

            Assert.Equal(size, position);
        });

    [Fact]
    public void Of_SixtyGigabytes_CountsBeyond32Bits()
    {
        const long Size = 60_000_000_000;

        var parts = PartPlan.Of(Size, 4 << 20, [new ByteRange { Start = 0, End = 5_000_000_000 }]).ToList();

        Assert.Equal(Size, parts.Sum(part => (long)part.Length));
        Assert.Equal(5_000_000_000, parts.Where(part => part.IsUploaded).Sum(part => (long)part.Length));
    }

    private static bool IsIn(long offset, long size, IEnumerable<ByteRange> ranges) => ranges.Any(range =>
        range.Start >= 0 && range.End <= size && range.Start <= offset && offset < range.End);
}
