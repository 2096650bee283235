using CsCheck;
using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Tests.Vision;

public sealed class NonMaximumSuppressionTests
{
    private static readonly Gen<ScoredBox> Boxes = Gen.Select(
        Gen.Float[0, 100], Gen.Float[0, 100], Gen.Float[0.1f, 50], Gen.Float[0.1f, 50], Gen.Int[0, 4], Gen.Float[0, 1],
        (left, top, width, height, classId, confidence) =>
            new ScoredBox(left, top, left + width, top + height, classId, confidence));

    [Fact]
    public void IntersectionOverUnion_OfAnyBoxes_IsSymmetricAndBetween0And1() =>
        Gen.Select(Boxes, Boxes).Sample((a, b) =>
        {
            var overlap = ScoredBox.IntersectionOverUnion(a, b);
            return overlap is >= 0 and <= 1 && overlap == ScoredBox.IntersectionOverUnion(b, a);
        });

    [Fact]
    public void IntersectionOverUnion_OfABoxAndItself_Is1() =>
        Boxes.Sample(box => MathF.Abs(ScoredBox.IntersectionOverUnion(box, box) - 1) < 1e-4f);

    [Theory]
    [InlineData(0, 0, 2, 2, 1f / 7)]
    [InlineData(1, 1, 3, 3, 1)]
    [InlineData(3, 1, 5, 3, 0)]
    [InlineData(2, 1, 3, 3, 0.5f)]
    public void IntersectionOverUnion_WithTheSquareFrom1To3_IsAsComputedByHand(
        float left, float top, float right, float bottom, float expected) =>
        Assert.Equal(
            expected,
            ScoredBox.IntersectionOverUnion(new(1, 1, 3, 3, 0, 1), new(left, top, right, bottom, 0, 1)),
            5);

    [Fact]
    public void Apply_ToAnyBoxes_KeepsABoxIfAndOnlyIfNoMoreConfidentKeptOneOverlaps() =>
        Gen.Select(Boxes.List[0, 40], Gen.Float[0.1f, 0.9f]).Sample((boxes, limit) =>
        {
            var all = boxes.ToList();
            var kept = NonMaximumSuppression.Apply([.. all], limit, limit);
            var free = kept.TrueForAll(a => kept.TrueForAll(b =>
                a == b || ScoredBox.IntersectionOverUnion(a, b) <= limit));
            var covered = all.Except(kept).All(dropped => kept.Exists(box =>
                box.Confidence >= dropped.Confidence && ScoredBox.IntersectionOverUnion(box, dropped) > limit));
            return free && covered && kept.SequenceEqual(kept.OrderByDescending(box => box.Confidence));
        });

    [Fact]
    public void Apply_ToBoxesInAnyOrder_KeepsTheSame() =>
        Boxes.List[0, 30].Sample(boxes =>
        {
            var reversed = boxes.AsEnumerable().Reverse().ToList();
            return NonMaximumSuppression.Apply([.. boxes], 0.5f, 0.5f)
                .SequenceEqual(NonMaximumSuppression.Apply(reversed, 0.5f, 0.5f));
        });

    [Fact]
    public void Apply_ToTwoClassesOnOneObject_KeepsTheMoreConfident()
    {
        var kept = NonMaximumSuppression.Apply([new(0, 0, 10, 10, 2, 0.6f), new(0, 0, 10, 9.5f, 7, 0.7f)], 0.5f, 0.5f);

        Assert.Equal(7, Assert.Single(kept).ClassId);
    }

    [Theory]
    [InlineData(0.5f, new[] { 0.9f })]
    [InlineData(0.85f, new[] { 0.9f, 0.7f })]
    [InlineData(1f, new[] { 0.9f, 0.8f, 0.7f })]
    public void Apply_WithALimitAcrossClasses_DropsOtherClassesOnlyAboveIt(float acrossClasses, float[] kept)
    {
        // The second and the third box have other classes and overlap the first by 0.9 and 0.8; the fourth has the
        // class of the first.
        List<ScoredBox> boxes =
        [
            new(0, 0, 10, 10, 0, 0.9f), new(0, 0, 10, 9, 1, 0.8f), new(0, 0, 8, 10, 2, 0.7f), new(0, 0, 10, 8, 0, 0.6f),
        ];

        Assert.Equal(
            kept, NonMaximumSuppression.Apply([.. boxes], 0.5f, acrossClasses).Select(box => box.Confidence));
    }

    [Fact]
    public void Apply_AnOverlapOfExactlyTheLimit_KeepsBoth()
    {
        // 8 of 16 shared, so the overlap is 0.5.
        List<ScoredBox> boxes = [new(0, 0, 16, 1, 0, 0.9f), new(0, 0, 8, 1, 0, 0.8f)];

        Assert.Equal(2, NonMaximumSuppression.Apply([.. boxes], 0.5f, 0).Count);
        Assert.Single(NonMaximumSuppression.Apply([.. boxes], 0.49f, 1));
    }

    [Fact]
    public void Apply_ToEqualConfidences_OrdersByClassLeftTopRightAndBottom()
    {
        ScoredBox[] ordered =
        [
            new(9, 9, 10, 10, 0, 0.5f), new(0, 8, 2, 10, 1, 0.5f), new(4, 0, 6, 2, 1, 0.5f), new(4, 4, 5, 6, 1, 0.5f),
            new(4, 4, 6, 5, 1, 0.5f), new(4, 4, 6, 6, 1, 0.5f),
        ];

        Assert.Equal(ordered, NonMaximumSuppression.Apply([.. ordered.Reverse()], 1, 1));
    }

    [Fact]
    public void IntersectionOverUnion_OfBoxesWithoutArea_IsZero()
    {
        ScoredBox line = new(1, 1, 1, 5, 0, 1), other = new(0, 0, 4, 4, 0, 1);

        Assert.Equal(0, ScoredBox.IntersectionOverUnion(line, line));
        Assert.Equal(0, ScoredBox.IntersectionOverUnion(line, other));
        Assert.Equal(0, ScoredBox.IntersectionOverUnion(other, new ScoredBox(4, 0, 8, 4, 0, 1)));
        Assert.Equal(0, ScoredBox.IntersectionOverUnion(other, new ScoredBox(0, 4, 4, 8, 0, 1)));
    }

    [Fact]
    public void Apply_WithLimits_ConsidersAndKeepsNoMore()
    {
        List<ScoredBox> boxes =
            [new(0, 0, 1, 1, 0, 0.9f), new(0, 0, 1, 1, 0, 0.8f), new(5, 5, 6, 6, 0, 0.7f), new(8, 8, 9, 9, 0, 0.6f)];

        Assert.Equal([0.9f], NonMaximumSuppression.Apply([.. boxes], 0.5f, 0.5f, candidateLimit: 2)
            .Select(box => box.Confidence));
        Assert.Equal([0.9f, 0.7f], NonMaximumSuppression.Apply([.. boxes], 0.5f, 0.5f, keepLimit: 2)
            .Select(box => box.Confidence));
    }
}
