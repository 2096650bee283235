using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Fetching;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Fetching;

public sealed class HttpsLocationsTests
{
    private static readonly HttpsLocations Locations = new(Options.Create(new SourcesOptions
    {
        AllowedHosts = { "videos.example", "*.cdn.example", "192.0.2.7", "[2001:db8::7]", "xn--bcher-kva.example" },
        AllowedPorts = { 443, 8443 },
    }));

    [Theory]
    [InlineData("https://videos.example/a.mp4")]
    [InlineData("HTTPS://VIDEOS.example/a.mp4?signature=x%2Fy")]
    [InlineData("https://videos.example:8443/")]
    [InlineData("https://a.cdn.example/a.mp4")]
    [InlineData("https://a.b.cdn.example/a.mp4")]
    [InlineData("https://192.0.2.7/a.mp4")]
    [InlineData("https://[2001:db8::7]/a.mp4")]
    [InlineData("https://xn--bcher-kva.example/a.mp4")]
    public void Require_AllowedUris_AreReturnedUnchanged(string uri) =>
        Assert.Equal(new Uri(uri).AbsoluteUri, Locations.Require(uri).AbsoluteUri);

    [Theory]
    [InlineData("https://other.example/a.mp4")]
    [InlineData("https://cdn.example/a.mp4")]
    [InlineData("https://evilcdn.example/a.mp4")]
    [InlineData("https://videos.example.evil.example/a.mp4")]
    [InlineData("https://videos.example./a.mp4")]
    [InlineData("https://videos.example:22/a.mp4")]
    [InlineData("https://192.0.2.8/a.mp4")]
    [InlineData("https://3221225992/a.mp4")]
    [InlineData("https://0xc0.0.2.8/a.mp4")]
    [InlineData("https://localhost/a.mp4")]
    [InlineData("https://[::1]/a.mp4")]
    [InlineData("https://[::ffff:192.0.2.7]/a.mp4")]
    public void Require_OtherHostsAndPorts_AreNotAllowed(string uri) =>
        Assert.Equal(ErrorReason.SourceNotAllowed, Refusal(uri).Reason);

    [Theory]
    [InlineData("https:videos.example/a.mp4")]
    [InlineData("https:/videos.example/a.mp4")]
    [InlineData("https:///a.mp4")]
    [InlineData("https://")]
    [InlineData("https://user@videos.example/a.mp4")]
    [InlineData("https://user:secret@videos.example/a.mp4")]
    [InlineData("https://videos.example/a.mp4#t=1")]
    [InlineData("https://videos.example\\@evil.example/a.mp4")]
    [InlineData("https://evil.example\\.videos.example/a.mp4")]
    [InlineData("https://videos.example/a b.mp4")]
    [InlineData("https://videos.example/\na.mp4")]
    [InlineData("https://videos.example/\0a.mp4")]
    [InlineData("https://vide\u00F6s.example/a.mp4")]
    [InlineData("https://videos\u3002example/a.mp4")]
    [InlineData("https://\uFF11\uFF19\uFF12.0.2.7/a.mp4")]
    [InlineData("https://videos.example:99999/a.mp4")]
    [InlineData("https://videos.exa%6dple\u0000/a.mp4")]
    [InlineData("https://[fe80::1%25eth0]:x/a.mp4")]
    public void Require_MalformedUris_AreUnsupported(string uri) =>
        Assert.Equal(ErrorReason.UnsupportedUri, Refusal(uri).Reason);

    [Fact]
    public void Require_LongUris_AreUnsupported() =>
        Assert.Equal(
            ErrorReason.UnsupportedUri, Refusal("https://videos.example/" + new string('a', 9000)).Reason);

    [Fact]
    public void Require_Refusals_ContainNoSecrets()
    {
        var failures = new[]
        {
            Refusal("https://user:secret@videos.example/a.mp4"),
            Refusal("https://other.example/a.mp4?X-Amz-Signature=secret"),
            Refusal("https://videos.example/a.mp4?token=secret#x"),
        };

        Assert.All(failures, failure => Assert.DoesNotContain(
            "secret", failure.Message + string.Join(' ', failure.Metadata.Values), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("https://h/a@b.mp4", "https://h/a@b.mp4")]
    [InlineData("https://h/a.mp4?x=y", "https://h/a.mp4?…")]
    [InlineData("https://u:p@h/a.mp4", "https://…@h/a.mp4")]
    [InlineData("https://u:p@h", "https://…@h")]
    [InlineData("https://u@p@h/a@b", "https://…@h/a@b")]
    [InlineData("https:/u:p@h/a", "https:/…@h/a")]
    [InlineData("https:u:p@h", "https:…@h")]
    [InlineData("https://u:p\\@h/a", "https://…@h/a")]
    [InlineData("u:p@h", "u:…@h")]
    [InlineData("p@h", "…@h")]
    [InlineData("https://", "https://")]
    [InlineData("", "")]
    public void Shown_Uris_ContainNoSecrets(string uri, string shown) =>
        Assert.Equal(shown, FetchErrors.Shown(uri));

    [Theory]
    [InlineData("/b.mp4", "https://videos.example/b.mp4")]
    [InlineData("b.mp4?x=1#y", "https://videos.example/v/b.mp4?x=1")]
    [InlineData("//a.cdn.example/b.mp4", "https://a.cdn.example/b.mp4")]
    [InlineData("https://a.cdn.example:8443/b.mp4", "https://a.cdn.example:8443/b.mp4")]
    public void Redirected_AllowedTargets_AreFollowed(string location, string target) =>
        Assert.Equal(target, Redirected(location)?.AbsoluteUri);

    [Theory]
    [InlineData("http://videos.example/b.mp4")]
    [InlineData("https://other.example/b.mp4")]
    [InlineData("https://videos.example:22/b.mp4")]
    [InlineData("https://user@videos.example/b.mp4")]
    [InlineData("//169.254.169.254/latest/meta-data")]
    [InlineData("https://127.0.0.1/b.mp4")]
    [InlineData("file:///etc/passwd")]
    [InlineData("gopher://videos.example/")]
    public void Redirected_OtherTargets_AreNotFollowed(string location) => Assert.Null(Redirected(location));

    [Theory]
    [InlineData("videos.example", true)]
    [InlineData("*.example.org", true)]
    [InlineData("10.0.0.1", true)]
    [InlineData("[fd00::1]", true)]
    [InlineData("fd00::1", true)]
    [InlineData("localhost", true)]
    [InlineData("*", false)]
    [InlineData("*.org", false)]
    [InlineData("*.10.0.0.1", false)]
    [InlineData("a.*.org", false)]
    [InlineData("https://videos.example", false)]
    [InlineData("videos.example:443", false)]
    [InlineData("b\u00FCcher.example", false)]
    [InlineData("", false)]
    public void IsPattern_Text_TellsWhetherItIsAValidEntry(string text, bool expected) =>
        Assert.Equal(expected, HostList.IsPattern(text));

    private static ServiceException Refusal(string uri) =>
        Assert.Throws<ServiceException>(() => Locations.Require(uri));

    private static Uri? Redirected(string location) =>
        Locations.Redirected(
            new Uri("https://videos.example/v/a.mp4"), new Uri(location, UriKind.RelativeOrAbsolute));
}
