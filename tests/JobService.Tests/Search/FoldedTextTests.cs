using System.Text;
using ForegSyte.Jobs.Search;

namespace ForegSyte.Jobs.Tests.Search;

public sealed class FoldedTextTests
{
    [Theory]
    [InlineData("GATE 07", "gate07")]
    [InlineData("  Ga-te_0,7! ", "gate07")]
    [InlineData("Ｇａｔｅ　０７", "gate07")]
    [InlineData("e\u0301cole", "école")]
    [InlineData("E\u0301COLE", "école")]
    [InlineData("Straße", "strasse")]
    [InlineData("ΣΑΣ", "σασ")]
    [InlineData("ﬁlm №5 x²", "filmno5x2")]
    [InlineData("\u202Ea\u0000b\tc\n", "abc")]
    [InlineData("a+b=c €5", "a+b=c€5")]
    [InlineData("출입구 3", "출입구3")]
    [InlineData("\U0001F3A5 \U00010400", "\U0001F3A5\U00010428")]
    [InlineData("--- ...", "")]
    [InlineData("", "")]
    public void Of_Text_IsFolded(string text, string folded) => Assert.Equal(folded, FoldedText.Of(text));

    [Fact]
    public void Of_FoldedText_StaysTheSame() => RandomTexts.Texts(text =>
    {
        var folded = FoldedText.Of(text);
        Assert.Equal(folded, FoldedText.Of(folded));
    });

    [Fact]
    public void Of_LongText_IsCutBetweenCodePoints()
    {
        var folded = FoldedText.Of(new StringBuilder().Insert(0, "\U0001F3A5", 2_000).ToString());

        Assert.Equal(FoldedText.MaxLength, FoldedText.Length(folded));
    }

    [Fact]
    public void Bigrams_OfAPart_AreThoseOfTheWholeToo() => RandomTexts.Texts(text =>
    {
        var folded = FoldedText.Of(text);
        Rune[] runes = [.. folded.EnumerateRunes()];
        var (all, signature) = (FoldedText.Bigrams(folded), FoldedText.Signature(FoldedText.Bigrams(folded)));
        for (var start = 0; start < runes.Length; start++)
        {
            var part = FoldedText.Bigrams(string.Concat(runes[start..]));
            Assert.Subset(all.ToHashSet(), part.ToHashSet());
            Assert.Equal(0, FoldedText.Signature(part) & ~signature);
        }
    });
}
