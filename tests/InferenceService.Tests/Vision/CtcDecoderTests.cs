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

    private static float[] Steps(string classes, float probability) =>
        [.. classes.SelectMany(step => Enumerable.Range(0, 4)
            .Select(c => c == step - '0' ? probability : (1 - probability) / 3))];
}
