using System.Text.Json;
using ForegSyte.Protocol.Text;

namespace ForegSyte.Protocol.Tests.Text;

public sealed class ControlCharactersTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("Straße \"a\\b\" 🚦 日本", "Straße \"a\\b\" 🚦 日本")]
    [InlineData("a\0b\u001b[2Jc\a", "a\\u0000b\\u001b[2Jc\\u0007")]
    [InlineData("a\r\nb\tc\u007f\u0085", "a\\u000d\\u000ab\\u0009c\\u007f\\u0085")]
    [InlineData("a\u2028\u2029\u202e\u2066", "a\\u2028\\u2029\\u202e\\u2066")]
    [InlineData("\u200e\u200f\u061c\u2069\u202a", "\\u200e\\u200f\\u061c\\u2069\\u202a")]
    [InlineData("a\u200bb\ufeff\u2060\u00ad\u3164", "a\\u200bb\\ufeff\\u2060\\u00ad\\u3164")]
    [InlineData("a\u200db\u200cc", "a\\u200db\\u200cc")]
    [InlineData("👩\u200d👧 نمی\u200cخواهم", "👩\u200d👧 نمی\u200cخواهم")]
    [InlineData("a\U000e0041b", "a\\udb40\\udc41b")]
    [InlineData("half \ud83d\u202e", "half \ud83d\\u202e")]
    public void Escape_ReplacesOnlyUnsafeCharacters(string text, string escaped)
    {
        Assert.Equal(escaped, ControlCharacters.Escape(text));
        Assert.Equal(text != escaped, ControlCharacters.IsIn(text));
    }

    [Fact]
    public void EscapeLines_Json_IsTheSameJsonWithoutUnsafeCharacters()
    {
        const string Name = "a\u2066b\u202e\u200bé";
        var json = $"{{\n  \"name\": \"{Name}\"\n}}";

        var escaped = ControlCharacters.EscapeLines(json);

        Assert.DoesNotContain(escaped, character => character is '\u2066' or '\u202e' or '\u200b');
        Assert.Equal(3, escaped.Split('\n').Length);
        Assert.Equal(Name, JsonDocument.Parse(escaped).RootElement.GetProperty("name").GetString());
    }
}
