using CsCheck;
using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Tests.Vision;

public sealed class CtcDecoderTests
{
    private static readonly string[] Alphabet = ["", "a", "b", " "];

    [Theory]
    [InlineData("", "")]
    [InlineData("0000", "")]
    [InlineData("1111", "a")]
    [InlineData("1011", "aa")]
    [InlineData("0112203", "ab ")]
    [InlineData("1212", "abab")]
    public void Decode_ClassesOfSteps_MergesRepeatsAndDropsBlanks(string steps, string expected) =>
        Assert.Equal(expected, CtcDecoder.Decode(Steps(steps, 0.7f), Alphabet).Text);

    [Fact]
    public void Decode_AnyTextWithBlanksBetween_ReadsItBack() =>
        Gen.Int[1, 3].Array[0, 30].Sample(classes =>
        {
            var steps = string.Concat(classes.Select(c => $"{c}{c}0"));
            return CtcDecoder.Decode(Steps(steps, 0.9f), Alphabet).Text
                == string.Concat(classes.Select(c => Alphabet[c]));
        });

    [Fact]
    public void Decode_Confidence_IsTheMeanOfTheFirstStepOfEachCharacter()
    {
        float[] probabilities = [.. Steps("1", 0.9f), .. Steps("1", 0.5f), .. Steps("0", 0.8f), .. Steps("2", 0.7f)];

        Assert.Equal(0.8f, CtcDecoder.Decode(probabilities, Alphabet).Confidence, 1e-5f);
        Assert.Equal(0, CtcDecoder.Decode(Steps("00", 1), Alphabet).Confidence);
    }

    [Fact]
    public void Decode_RowsOfAnotherLength_IsRefused() =>
        Assert.Throws<ArgumentException>(() => CtcDecoder.Decode(new float[7], Alphabet));

    /// <summary>Two characters with steps between them in which the blank wins over the space.</summary>
    [Theory]
    [InlineData("L", "T", 0.2f, "L T")]
    [InlineData("L", "T", 0.09f, "LT")]
    [InlineData("7", "N", 0.05f, "7 N")]
    [InlineData("7", "8", 0.03f, "78")]
    [InlineData("7", ",", 0.3f, "7,")]
    [InlineData(":", "3", 0.3f, ":3")]
    [InlineData("8", "-", 0.3f, "8-")]
    [InlineData(":", "a", 0.3f, ": a")]
    [InlineData("(", "a", 0.3f, "(a")]
    [InlineData("中", "文", 0.3f, "中文")]
    public void Decode_ASpaceBelowTheBlank_IsReadWhereWordsEnd(string left, string right, float space, string expected)
    {
        string[] alphabet = ["", left, right, " "];
        float[] probabilities =
            [0, 1, 0, 0, 1 - space, 0, 0, space, 1, 0, 0, 0, 0, 0, 0.8f, 0];

        var reading = CtcDecoder.Decode(probabilities, alphabet, findsSpaces: true);

        Assert.Equal(expected, reading.Text);
        Assert.Equal(left + right, CtcDecoder.Decode(probabilities, alphabet).Text);
        Assert.InRange(reading.Confidence, 0.8f, 0.91f);
    }

    [Fact]
    public void Decode_AReadSpace_IsNotReadTwice()
    {
        float[] probabilities = [0, 1, 0, 0, 0.7f, 0, 0, 0.3f, 0.2f, 0, 0, 0.8f, 0.7f, 0, 0, 0.3f, 0, 0, 1, 0];

        Assert.Equal("a b", CtcDecoder.Decode(probabilities, Alphabet, findsSpaces: true).Text);
    }

    /// <summary>A space before the repeated steps of a character says nothing about what follows it.</summary>
    [Fact]
    public void Decode_ASpaceBeforeACharacter_DoesNotCountAfterIt()
    {
        float[] probabilities = [0.7f, 0, 0, 0.3f, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0];

        Assert.Equal("ab", CtcDecoder.Decode(probabilities, Alphabet, findsSpaces: true).Text);
    }

    private static float[] Steps(string classes, float probability) =>
        [.. classes.SelectMany(step => Enumerable.Range(0, 4)
            .Select(c => c == step - '0' ? probability : (1 - probability) / 3))];
}
