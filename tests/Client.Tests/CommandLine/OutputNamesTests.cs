using System.Text;
using ForegSyte.CommandLine.Output;

namespace ForegSyte.Client.Tests.CommandLine;

public sealed class OutputNamesTests
{
    private const string Suffix = ".annotated.mp4";

    [Theory]
    [InlineData("gate.mp4", "gate.annotated.mp4")]
    [InlineData("gate", "gate.annotated.mp4")]
    [InlineData("gate 1.5 north", "gate 1.5 north.annotated.mp4")]
    [InlineData("../../etc/pass\nwd.mp4", "_._.._etc_pass wd.annotated.mp4")]
    [InlineData(".hidden.mp4", "_hidden.annotated.mp4")]
    [InlineData("\n", "video.annotated.mp4")]
    [InlineData("", "video.annotated.mp4")]
    public void Of_NameOfAVideo_IsANameInTheFolder(string name, string expected) =>
        Assert.Equal(expected, OutputNames.Of(name, Suffix));

    [Theory]
    [InlineData("a", 240)]
    [InlineData("ä", 200)]
    [InlineData("漢", 120)]
    [InlineData("😀", 100)]
    [InlineData("👨‍👩‍👧", 40)]
    public void Of_LongName_FitsTheFileSystemAndEndsBetweenCharacters(string letter, int count)
    {
        var name = string.Concat(Enumerable.Repeat(letter, count));

        var output = OutputNames.Of(name + ".mp4", Suffix);

        Assert.InRange(Encoding.UTF8.GetByteCount(output), 200, OutputNames.MaxBytes);
        var stem = output[..output.IndexOf('~', StringComparison.Ordinal)];
        Assert.Equal(string.Concat(Enumerable.Repeat(letter, stem.Length / letter.Length)), stem);
        Assert.NotEqual(output, OutputNames.Of(name + "b.mp4", Suffix));
    }
}
