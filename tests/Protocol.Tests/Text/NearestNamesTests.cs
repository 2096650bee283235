using ForegSyte.Protocol.Text;

namespace ForegSyte.Protocol.Tests.Text;

public sealed class NearestNamesTests
{
    private static readonly string[] Labels =
        ["person", "bicycle", "car", "motorcycle", "traffic light", "cat", "carrot", "cake", "bird"];

    [Theory]
    [InlineData("persn", " Did you mean 'person'?")]
    [InlineData("PERSON", " Did you mean 'person'?")]
    [InlineData("motor", " Did you mean 'motorcycle'?")]
    [InlineData("light", " Did you mean 'traffic light'?")]
    [InlineData("cas", " Did you mean 'car' or 'cat'?")]
    [InlineData("caro", " Did you mean 'car'?")]
    [InlineData("zebra crossing", "")]
    [InlineData("", "")]
    public void Question_NamesTheNearest(string name, string question) =>
        Assert.Equal(question, NearestNames.Question(name, Labels));

    [Fact]
    public void Of_ManyNearNames_ReturnsThreeTheNearestFirst()
    {
        Assert.Equal(
            ["label2", "label1", "label3"], NearestNames.Of("label2", ["label4", "label3", "label2", "label1"]));
        Assert.Empty(NearestNames.Of(new string('a', 101), [new string('a', 100)]));
    }
}
