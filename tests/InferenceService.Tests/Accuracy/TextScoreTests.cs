using ForegSyte.Accuracy.Text;

namespace ForegSyte.Inference.Tests.Accuracy;

/// <summary>The scores of recognized text, on values computed by hand.</summary>
public sealed class TextScoreTests
{
    private static readonly LabeledLine Gate = new(0, "GATE 07", 0, 50);
    private static readonly LabeledLine North = new(0, "NORTH", 50, 100);

    [Theory]
    [InlineData("", "", 0)]
    [InlineData("", "abc", 3)]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("GATE07", "GATE 07", 1)]
    [InlineData("O7", "07", 1)]
    public void EditDistance_IsAsComputedByHand(string first, string second, int expected)
    {
        Assert.Equal(expected, EditDistance.Between(first, second));
        Assert.Equal(expected, EditDistance.Between(second, first));
    }

    [Theory]
    [InlineData("GATE07", 1, 1)]
    [InlineData("GA TE 07", 1, 0)]
    [InlineData("GATE O7", 0, 0)]
    public void Score_SpacesOnly_TellsLostFromFalseOnes(string read, int butSpaces, int lost)
    {
        var score = TextScore.Of([Line(read, 20)], [Gate]);

        Assert.Equal((0, butSpaces, lost), (score.Exact, score.ExactButSpaces, score.LostSpaces));
    }

    [Fact]
    public void Score_LinesSideBySide_BelongToTheirLabels()
    {
        LabeledLine left = new(0, "GATE", 0, 50, 0, 100), right = new(0, "07", 0, 50, 100, 200);
        FoundLine[] found = [new(0, "GATE", 10, 20, 1, Right: 90), new(0, "07", 110, 20, 1, Right: 190)];

        Assert.Equal(2, TextScore.Of(found, [left, right]).Exact);
    }

    [Fact]
    public void RenderedTexts_OfASeed_AreAlwaysTheSame()
    {
        static List<string> Of(int seed)
        {
            var texts = new RenderedTexts(new Random(seed));
            var kinds = RenderedTexts.Kinds;
            return [.. Enumerable.Range(0, 200).Select(i => texts.Next(kinds[i % kinds.Count]))];
        }

        Assert.Equal(Of(1), Of(1));
        Assert.NotEqual(Of(1), Of(2));
        Assert.All(Of(1), text => Assert.DoesNotMatch("^ | $|  ", text));
    }

    [Fact]
    public void Score_AllExact_HasNoErrors()
    {
        var score = TextScore.Of([Line("GATE 07", 20), Line("NORTH", 70)], [Gate, North]);

        Assert.Equal((2, 2, 0, 0d, 0), (score.Lines, score.Exact, score.ExactButSpaces, score.CharacterErrorRate,
            score.Elsewhere));
        Assert.Empty(score.Mistakes);
    }

    [Fact]
    public void Score_LostSpaceMissedLineAndExtraLines_AreCountedSeparately()
    {
        var score = TextScore.Of([Line("GATE07", 20), Line("xx", 400), Line("NORTH", 70, frame: 1)], [Gate, North]);

        // One space and five letters of twelve are missing; two lines have no label.
        Assert.Equal((0, 1, 6, 12, 2), (score.Exact, score.ExactButSpaces, score.Edits, score.Characters,
            score.Elsewhere));
        Assert.Equal(0.5, score.CharacterErrorRate);
        Assert.Equal(2, score.Mistakes.Count);
    }

    [Fact]
    public void Score_LineInTwoParts_HasNoEditsAndIsNotExact()
    {
        var score = TextScore.Of([Line("07", 20, left: 60), Line("GATE", 20)], [Gate]);

        Assert.Equal((0, 0, 0, 0), (score.Exact, score.ExactButSpaces, score.Edits, score.Elsewhere));
    }

    private static FoundLine Line(string text, double centerY, int frame = 0, double left = 0) =>
        new(frame, text, left, centerY, 0.9);
}
