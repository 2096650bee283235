using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.RemoteVideos;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Tests.RemoteVideos;

/// <summary>Which uris of remote videos are allowed.</summary>
public sealed class RemoteLocationsTests
{
    [Theory]
    [InlineData("https://s3.example.org/bucket/key?X-Amz-Signature=1", "s3.example.org")]
    [InlineData("https://S3.EXAMPLE.org:443/key", "s3.example.org")]
    [InlineData("https://s3.example.org:9000/key", "s3.example.org:9000")]
    [InlineData("https://[::1]:9000/key", "[::1]:9000")]
    public void AnAllowedServer_IsAccepted(string uri, string host) =>
        Assert.Equal(new Uri(uri), Locations(host).Require(uri));

    [Theory]
    [InlineData("https://s3.example.org:9000/key", "s3.example.org")]
    [InlineData("https://s3.example.org/key", "s3.example.org:9000")]
    [InlineData("https://a.s3.example.org/key", "s3.example.org")]
    [InlineData("https://s3.example.org.evil.test/key", "s3.example.org")]
    [InlineData("http://s3.example.org/key", "s3.example.org")]
    public void AnotherServer_IsNotAllowed(string uri, string host) =>
        Assert.Equal(ErrorReason.SourceNotAllowed, Refusal(uri, host).Reason);

    [Theory]
    [InlineData("https://user:password@s3.example.org/key")]
    [InlineData("https://s3.example.org/key#fragment")]
    [InlineData("https:///key")]
    [InlineData("https://s3.example.org\\@evil.test/key")]
    [InlineData("https://s3.example.org/käse")]
    public void AnUnclearUri_IsUnsupported(string uri) =>
        Assert.Equal(ErrorReason.UnsupportedUri, Refusal(uri, "s3.example.org").Reason);

    [Fact]
    public void WithoutAllowedHosts_TheOptionIsNamed()
    {
        var failure = Refusal("https://s3.example.org/key?X-Amz-Signature=secret");
        Assert.Equal(ErrorReason.SourceNotAllowed, failure.Reason);
        Assert.Contains("Video:AllowedHosts", failure.Message);
        Assert.DoesNotContain("secret", failure.Message + string.Join(' ', failure.Metadata.Values));
    }

    [Theory]
    [InlineData("https://s3.example.org")]
    [InlineData("*.example.org")]
    [InlineData("s3.example.org/bucket")]
    [InlineData("")]
    public void AHostThatIsNone_IsRefusedAtStart(string host)
    {
        var options = new RemoteVideoOptions();
        options.AllowedHosts.Add(host);
        Assert.Contains(
            "Video:AllowedHosts",
            Assert.Single(options.Validate(new ValidationContext(options))).ErrorMessage);
    }

    private static RemoteLocations Locations(params string[] hosts)
    {
        var options = new RemoteVideoOptions();
        foreach (var host in hosts)
        {
            options.AllowedHosts.Add(host);
        }

        return new RemoteLocations(Options.Create(options));
    }

    private static ServiceException Refusal(string uri, params string[] hosts) =>
        Assert.Throws<ServiceException>(() => Locations(hosts).Require(uri));
}
