namespace ForegSyte.Hosting.Tests;

public sealed class ControlCharactersTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("Straße \"a\\b\" 🚦 日本", "Straße \"a\\b\" 🚦 日本")]
    [InlineData("a\0b\u001b[2Jc\a", "a\\u0000b\\u001b[2Jc\\u0007")]
    [InlineData("a\r\nb\tc\u007f\u0085", "a\\u000d\\u000ab\\u0009c\\u007f\\u0085")]
    [InlineData("a\u2028\u2029\u202e\u2066", "a\\u2028\\u2029\\u202e\\u2066")]
    public void Escape_ReplacesOnlyUnsafeCharacters(string text, string escaped) =>
        Assert.Equal(escaped, ControlCharacters.Escape(text));
}
