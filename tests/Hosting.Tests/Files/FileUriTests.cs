using CsCheck;
using ForegSyte.Hosting.Files;

namespace ForegSyte.Hosting.Tests.Files;

public sealed class FileUriTests
{
    [Theory]
    [InlineData("file:///srv/a.mp4", "/srv/a.mp4")]
    [InlineData("FILE:///srv/a.mp4", "/srv/a.mp4")]
    [InlineData("file://localhost/srv/a.mp4", "/srv/a.mp4")]
    [InlineData("file:///srv/a%20b%231.mp4", "/srv/a b#1.mp4")]
    [InlineData("file:///srv/a b.mp4", "/srv/a b.mp4")]
    [InlineData("file:///srv/%C3%BC.mp4", "/srv/\u00FC.mp4")]
    [InlineData("file:///srv/\u00FC.mp4", "/srv/\u00FC.mp4")]
    [InlineData("file:///srv/u%CC%88.mp4", "/srv/u\u0308.mp4")]
    [InlineData("file:///srv/%252e%252e/a.mp4", "/srv/%2e%2e/a.mp4")]
    [InlineData("file:///srv/%2e%2e/a.mp4", "/srv/../a.mp4")]
    [InlineData("file:///srv%2fa.mp4", "/srv/a.mp4")]
    [InlineData("file:///srv/a%5Cb.mp4", "/srv/a\\b.mp4")]
    [InlineData("file:////srv//a.mp4", "//srv//a.mp4")]
    [InlineData("file:///srv/\U0001F3A5.mp4", "/srv/\U0001F3A5.mp4")]
    public void PathOf_FileUris_IsTheirPath(string uri, string path) => Assert.Equal(path, FileUri.PathOf(uri));

    [Theory]
    [InlineData("")]
    [InlineData("/srv/a.mp4")]
    [InlineData("file:")]
    [InlineData("file:/srv/a.mp4")]
    [InlineData("file://")]
    [InlineData("file://srv/a.mp4")]
    [InlineData("file://localhost")]
    [InlineData("file://localhost:80/srv/a.mp4")]
    [InlineData("file://user@/srv/a.mp4")]
    [InlineData("file:///srv/a?b.mp4")]
    [InlineData("file:///srv/a#b.mp4")]
    [InlineData("file:///srv/..\\secret.mp4")]
    [InlineData("file:///srv/a%00.mp4")]
    [InlineData("file:///srv/a\0.mp4")]
    [InlineData("file:///srv/a%0a.mp4")]
    [InlineData("file:///srv/a\n.mp4")]
    [InlineData("file:///srv/a%7f.mp4")]
    [InlineData("file:///srv/a%c2%85.mp4")]
    [InlineData("file:///srv/%c0%ae%c0%ae/secret.mp4")]
    [InlineData("file:///srv/%ed%a0%80.mp4")]
    [InlineData("file:///srv/%ff.mp4")]
    [InlineData("file:///srv/a%.mp4")]
    [InlineData("file:///srv/a%2")]
    [InlineData("file:///srv/a%zz.mp4")]
    [InlineData("file:///srv/a%u002e.mp4")]
    [InlineData(" file:///srv/a.mp4")]
    public void PathOf_OtherTexts_IsNull(string uri) => Assert.Null(FileUri.PathOf(uri));

    [Fact]
    public void PathOf_HalfACharacter_IsNull() => Assert.Null(FileUri.PathOf("file:///srv/\uD83C.mp4"));

    [Fact]
    public void PathOf_LongUris_IsNull() =>
        Assert.Null(FileUri.PathOf("file:///" + new string('a', FileUri.MaxLength)));

    [Fact]
    public void PathOf_EscapedPaths_IsThePath() =>
        Gen.String[Gen.Char[' ', '\uD7FF'].Where(character => !char.IsControl(character)), 0, 300].Sample(name =>
            Assert.Equal("/" + name, FileUri.PathOf("file:///" + Uri.EscapeDataString(name))));

    [Fact]
    public void PathOf_AnyText_IsNullOrAbsoluteWithoutControlCharacters() =>
        Gen.String.Select(text => "file:///" + text).Sample(uri =>
        {
            if (FileUri.PathOf(uri) is { } path)
            {
                Assert.Equal('/', path[0]);
                Assert.DoesNotContain(path, char.IsControl);
            }
        });
}
