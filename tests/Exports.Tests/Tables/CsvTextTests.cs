using CsCheck;
using ForegSyte.Exports.Tables;

namespace ForegSyte.Exports.Tests.Tables;

/// <summary>Texts in CSV that spreadsheets must not take for formulas.</summary>
public sealed class CsvTextTests
{
    private static readonly Gen<string> Texts = Gen.OneOf(
        "=", "+", "-", "@", "'", ";", "\t", "\r", "\n", " ", "\u200b", "\uff1d", "a", "1", "\"", ",", "\u001b", "\0",
        "\u202e", "🚗", "\ud800").Array[0, 12].Select(string.Concat);

    [Theory]
    [InlineData("GATE 07", "GATE 07")]
    [InlineData("", "")]
    [InlineData("a=b", "a=b")]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("+49", "'+49")]
    [InlineData("-5", "'-5")]
    [InlineData("@user", "'@user")]
    [InlineData("＝1", "'＝1")]
    [InlineData("  =1", "'  =1")]
    [InlineData("it's", "it's")]
    [InlineData("'=1", "''=1")]
    [InlineData("a;=1", "a;'=1")]
    [InlineData("a\n=1", "a\n'=1")]
    [InlineData("\t=1", "\t'=1")]
    [InlineData("red\u001b[31m", "red\uFFFD[31m")]
    [InlineData("c1\u009b31m", "c1\uFFFD31m")]
    public void Protect_Text_IsNoFormula(string text, string expected) =>
        Assert.Equal(expected, CsvText.Protect(text));

    [Fact]
    public void Protect_AnyText_HasNoCellThatBeginsAFormula() => Texts.Sample(text =>
    {
        var cells = CsvText.Protect(text).Split(';', '\t', '\r', '\n');
        foreach (var cell in cells.Select(cell => cell.TrimStart(' ', '\u200b', '\u202e', '\uFFFD')))
        {
            Assert.False(
                cell.Length > 0 && "=+-@\uff1d".Contains(cell[0], StringComparison.Ordinal),
                $"The cell '{cell}' begins a formula.");
        }
    });

    [Fact]
    public void Unprotect_AnyText_RestoresIt() => Texts.Sample(text => Assert.Equal(
        string.Concat(text.Select(character => character is '\u001b' or '\0' ? '\uFFFD' : character)),
        CsvText.Unprotect(CsvText.Protect(text))));
}
