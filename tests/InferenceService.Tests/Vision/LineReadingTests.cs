using ForegSyte.Inference.Stages;
using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Tests.Vision;

public sealed class LineReadingTests
{
    /// <summary>In a word, 0 and O stand for characters whose other reading has this probability.</summary>
    [Theory]
    [InlineData("DOCK 12 S0UTH", 0.03f, "DOCK 12 SOUTH")]
    [InlineData("S0UTH", 0.01f, "S0UTH")]
    [InlineData("NoRTH", 0.03f, "NORTH")]
    [InlineData("fl0or", 0.03f, "fl0or")] // Has both: at least 20 %.
    [InlineData("fl0or", 0.3f, "floor")]
    [InlineData("Fl0wer", 0.03f, "Flower")]
    [InlineData("0live", 0.03f, "Olive")]
    [InlineData("12O5", 0.03f, "1205")]
    [InlineData("1O", 0.03f, "1O")] // One other digit: at least 10 %.
    [InlineData("1O", 0.2f, "10")]
    [InlineData("BOX", 0.3f, "BOX")]
    [InlineData("B0X", 0.03f, "B0X")] // Two other letters: at least 10 %.
    [InlineData("B0X", 0.2f, "BOX")]
    [InlineData("A0", 0.4f, "A0")]
    [InlineData("AB-12O", 0.2f, "AB-120")]
    [InlineData("RMR7I3V-D0Z", 0.3f, "RMR7I3V-D0Z")] // The token has digits: a code.
    [InlineData("0OMJDF", 0.1f, "0OMJDF")]
    [InlineData("18.O0", 0.1f, "18.O0")] // A part without other characters.
    [InlineData("", 0.3f, "")]
    public void Decide_ZeroOrO_GoesByTheOtherCharactersOfTheWord(string read, float other, string expected)
    {
        var line = Line(read, other);

        var decided = ZeroOrO.Decide(line);

        Assert.Equal(expected, decided.Text);
        Assert.Equal(line.Certainty, decided.Certainty, 1e-5f);
    }

    [Fact]
    public void Decide_AChangedCharacter_HasTheProbabilityOfBothReadings()
    {
        var decided = ZeroOrO.Decide(Line("S0UTH", 0.25f));

        Assert.Equal([0.9f, 0.95f, 0.9f, 0.9f, 0.9f], decided.Characters.Select(item => item.Probability));
        Assert.Equal(0.91f, decided.Confidence, 1e-5f);
    }

    [Theory]
    [InlineData("0", "O", true)]
    [InlineData("l", "1", true)]
    [InlineData("e", "É", true)]
    [InlineData("s", "S", true)]
    [InlineData("n", "П", false)]
    [InlineData("a", "o", false)]
    public void LookAlikes_AreCharactersOfTheSameShape(string first, string second, bool expected) =>
        Assert.Equal(expected, LookAlikes.Are(first, second));

    [Theory]
    [InlineData(100, "STOP", 0.89f, nameof(LineKind.Text))]
    [InlineData(100, "STOP", 0.87f, nameof(LineKind.UnsupportedScript))]
    [InlineData(40, "STOP", 0.85f, nameof(LineKind.Text))]
    [InlineData(30, "STOP", 0.81f, nameof(LineKind.Text))]
    [InlineData(30, "STOP", 0.79f, nameof(LineKind.UnsupportedScript))]
    [InlineData(100, "STOP", 0.4f, nameof(LineKind.Illegible))]
    [InlineData(100, "A10", 0.7f, nameof(LineKind.Text))] // Too short to tell.
    [InlineData(100, "禁止吸烟", 0.6f, nameof(LineKind.Text))]
    [InlineData(100, "npAMoi", 0.97f, nameof(LineKind.UnsupportedScript))]
    [InlineData(100, "npAMoi", 0.985f, nameof(LineKind.Text))] // "iPhone", "McDonald".
    [InlineData(100, "EΛΛAΔA", 0.97f, nameof(LineKind.UnsupportedScript))]
    [InlineData(100, "10 μm", 0.985f, nameof(LineKind.Text))]
    public void Kind_OfALine_DependsOnCertaintyAndHeight(float height, string text, float certainty, string expected)
    {
        var line = Line(text, 0, certainty, height);

        Assert.Equal([Enum.Parse<LineKind>(expected)], LineKinds.Of([line], [0.9f], 0.5f));
        Assert.Equal([LineKind.Text], LineKinds.Of([line], [0.9f], 0));
    }

    [Theory]
    [InlineData(1000, 0.9f, nameof(LineKind.UnsupportedScript))]
    [InlineData(600, 0.9f, nameof(LineKind.Text))]
    [InlineData(1000, 0.7f, nameof(LineKind.Text))]
    public void Kind_OfALineWithFewCharacters_IsAnotherScriptWhereTheDetectorIsSure(
        float width, float detection, string expected)
    {
        var line = Line("214", 0, 0.99f, 100) with { Quad = Box(width, 100) };

        Assert.Equal([Enum.Parse<LineKind>(expected)], LineKinds.Of([line], [detection], 0.5f));
    }

    [Fact]
    public void Kind_InAFrameOfAnotherScript_IsJudgedMoreStrictly()
    {
        var (clear, doubtful, foreign) =
            (Line("EXIT", 0, 0.99f, 100), Line("PECTOPAH", 0, 0.95f, 100), Line("BbIXOA", 0, 0.8f, 100));
        float[] detections = [0.9f, 0.9f, 0.9f, 0.9f];

        Assert.Equal(
            [LineKind.Text, LineKind.Text, LineKind.Text, LineKind.UnsupportedScript],
            LineKinds.Of([clear, doubtful, clear, foreign], detections, 0.5f));
        Assert.Equal(
            [LineKind.Text, LineKind.UnsupportedScript, LineKind.UnsupportedScript, LineKind.UnsupportedScript],
            LineKinds.Of([clear, doubtful, foreign, foreign], detections, 0.5f));
    }

    [Theory]
    [InlineData(0.7f, 0.9f, true)]
    [InlineData(0.9f, 0.96f, true)]
    [InlineData(0.9f, 0.94f, false)]
    [InlineData(0.5f, 0.79f, false)]
    public void IsBetterTurned_NeedsACertainReadingAndAGain(float upright, float turned, bool expected) => Assert.Equal(
        expected,
        ReadTextStage.IsBetterTurned(Line("ABCD", 0, upright, 1).Reading, Line("ABCD", 0, turned, 1).Reading));

    private static RecognizedLine Line(string text, float other, float certainty, float height) => new(
        Box(height * text.Length / 2, height),
        new LineReading([.. text.Select(item => new ReadCharacter(
            item.ToString(), certainty, other > 0 ? [("?", other)] : []))]));

    private static LineReading Line(string text, float other) => new([.. text.Select(item => item is '0' or 'O' or 'o'
        ? new ReadCharacter(item.ToString(), 0.95f - other, [.. "0Oo".Where(alike => alike != item)
            .Select(alike => (alike.ToString(), alike is 'o' ? (char.IsLower(text[^1]) ? other : 0) : other))
            .Where(pair => pair.Item2 > 0)])
        : new ReadCharacter(item.ToString(), 0.9f, []))]);

    private static Quad Box(float width, float height) =>
        new(new(0, 0), new(width, 0), new(width, height), new(0, height));
}
