using System.Diagnostics;
using System.Net.Sockets;
using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.V1;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Inference.Tests.Video;

public sealed class VideoSourcesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public VideoSourcesTests()
    {
        Directory.CreateDirectory(_folder.File("video_jobs"));
        File.WriteAllText(_folder.File("video_jobs", "a b#1.mp4"), "x");
        File.WriteAllText(_folder.File("secret.mp4"), "x");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_FileUnderTheDefaultRoot_IsItsPath() =>
        Assert.Equal(
            _folder.File("video_jobs", "a b#1.mp4"), PathOf($"file://{_folder.Path}/video_jobs/a%20b%231.mp4"));

    [Theory]
    [InlineData("/video_jobs/../secret.mp4")]
    [InlineData("/video_jobs/%2e%2e/secret.mp4")]
    [InlineData("/video_jobs/..%2fsecret.mp4")]
    [InlineData("/video_jobs/./x/../../secret.mp4")]
    [InlineData("/secret.mp4")]
    [InlineData("/no-such-file.mp4")]
    [InlineData("/video_jobs2/a.mp4")]
    public void Open_PathOutsideTheRoots_IsNotAllowed(string path) =>
        AssertRefused($"file://{_folder.Path}{path}", ErrorReason.SourceNotAllowed);

    [Theory]
    [InlineData("link.mp4", "../secret.mp4", "link.mp4")]
    [InlineData("folder", "..", "folder/secret.mp4")]
    [InlineData("absolute", "/etc", "absolute/passwd")]
    [InlineData("circle", "circle", "circle")]
    public void Open_LinkThatLeadsOutside_IsNotAllowed(string link, string target, string asked)
    {
        File.CreateSymbolicLink(_folder.File("video_jobs", link), target);

        AssertRefused($"file://{_folder.Path}/video_jobs/{asked}", ErrorReason.SourceNotAllowed);
    }

    [Fact]
    public void Open_LinkThatStaysInside_IsTheTarget()
    {
        File.CreateSymbolicLink(_folder.File("video_jobs", "link.mp4"), "a b#1.mp4");

        Assert.Equal(_folder.File("video_jobs", "a b#1.mp4"), PathOf($"file://{_folder.Path}/video_jobs/link.mp4"));
    }

    [Fact]
    public void Open_RootThatIsALink_IsFollowed()
    {
        Directory.CreateSymbolicLink(_folder.File("elsewhere"), _folder.File("video_jobs"));
        var sources = VideoParts.Sources("/no-such-data", _folder.File("elsewhere"));

        using var video = sources.Open(new VideoSource { Uri = $"file://{_folder.Path}/elsewhere/a%20b%231.mp4" });

        Assert.Equal(_folder.File("video_jobs", "a b#1.mp4"), video.Path);
    }

    [Fact]
    public void Open_NoSuchFileUnderARoot_IsNotFound() =>
        AssertRefused($"file://{_folder.Path}/video_jobs/none.mp4", ErrorReason.SourceNotFound);

    [Fact]
    public void Open_Folder_IsNotFound() =>
        AssertRefused($"file://{_folder.Path}/video_jobs", ErrorReason.SourceNotFound);

    [Theory]
    [InlineData("%252e%252e/secret.mp4")]
    [InlineData("..%5Csecret.mp4")]
    [InlineData("%EF%BC%8E%EF%BC%8E/secret.mp4")]
    [InlineData("A%20B%231.MP4")]
    public void Open_NamesThatOnlyLookLikeOthers_AreNotFound(string path) =>
        AssertRefused($"file://{_folder.Path}/video_jobs/{path}", ErrorReason.SourceNotFound);

    [Theory]
    [InlineData(255, 1, ErrorReason.SourceNotFound)]
    [InlineData(256, 1, ErrorReason.SourceNotFound)]
    [InlineData(4096, 1, ErrorReason.SourceNotFound)]
    [InlineData(200, 25, ErrorReason.SourceNotFound)]
    [InlineData(16384, 1, ErrorReason.UnsupportedUri)]
    public void Open_LongNames_AreRefused(int length, int parts, ErrorReason reason) =>
        AssertRefused(
            $"file://{_folder.Path}/video_jobs/" + string.Join('/', Enumerable.Repeat(new string('a', length), parts)),
            reason);

    [Fact]
    public void Open_NamesOfBothNormalForms_AreTwoFiles()
    {
        File.WriteAllText(_folder.File("video_jobs", "\u00FC.mp4"), "x");

        Assert.Equal(_folder.File("video_jobs", "\u00FC.mp4"), PathOf($"file://{_folder.Path}/video_jobs/%C3%BC.mp4"));
        AssertRefused($"file://{_folder.Path}/video_jobs/u%CC%88.mp4", ErrorReason.SourceNotFound);
    }

    [Fact]
    public async Task Open_NamedPipe_IsNotFound()
    {
        using (var made = Process.Start("mkfifo", _folder.File("video_jobs", "pipe.mp4")))
        {
            await made.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        AssertRefused($"file://{_folder.Path}/video_jobs/pipe.mp4", ErrorReason.SourceNotFound);
    }

    [Fact]
    public void Open_Socket_IsNotFound()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(_folder.File("video_jobs", "socket.mp4")));

        AssertRefused($"file://{_folder.Path}/video_jobs/socket.mp4", ErrorReason.SourceNotFound);
    }

    [Theory]
    [InlineData("zero")]
    [InlineData("null")]
    public void Open_Device_IsNotFound(string name)
    {
        var sources = VideoParts.Sources("/no-such-data", "/dev");

        Assert.Equal(
            ErrorReason.SourceNotFound,
            Assert.Throws<ServiceException>(
                () => sources.Open(new VideoSource { Uri = $"file:///dev/{name}" })).Reason);
    }

    [Theory]
    [InlineData("/srv/a.mp4")]
    [InlineData("a.mp4")]
    [InlineData("http://example.org/a.mp4")]
    [InlineData("file://server/share/a.mp4")]
    [InlineData("file:a.mp4")]
    [InlineData("file:///srv/a.mp4?x=1")]
    [InlineData("file:///srv/a.mp4#t=1")]
    [InlineData("file:///srv/a%00.mp4")]
    [InlineData("concat:/etc/passwd")]
    [InlineData("https://example.org/a.mp4")]
    [InlineData("s3://bucket/a.mp4")]
    [InlineData("file:///srv/a%0a.mp4")]
    [InlineData("file:///srv/%c0%ae%c0%ae/a.mp4")]
    [InlineData("file:///srv/%ff.mp4")]
    [InlineData("file:///srv/..\\a.mp4")]
    [InlineData("file:///srv/a%.mp4")]
    public void Open_OtherUris_AreUnsupported(string uri) => AssertRefused(uri, ErrorReason.UnsupportedUri);

    [Theory]
    [InlineData("%2e%2e%2f%2e%2e%2fetc%2fpasswd")]
    [InlineData("..\\..\\secret.mp4")]
    [InlineData("\uFF0E\uFF0E/secret.mp4")]
    [InlineData("a\u202Eb.mp4")]
    [InlineData("e\u0301.mp4")]
    [InlineData("a\0b.mp4")]
    [InlineData("%00")]
    [InlineData("%c0%ae%c0%ae/secret.mp4")]
    [InlineData("|cat")]
    [InlineData("-i")]
    [InlineData("%d.mp4")]
    public void Open_HostilePath_IsRefused(string name)
    {
        foreach (var path in (string[])[name, string.Concat(Enumerable.Repeat(name, 4096 / name.Length))])
        {
            Assert.Contains(
                Refusal(new VideoSource { Uri = $"file://{_folder.Path}/video_jobs/{path}" }).Reason,
                (ErrorReason[])
                [
                    ErrorReason.SourceNotAllowed, ErrorReason.SourceNotFound, ErrorReason.UnsupportedUri,
                ]);
        }
    }

    [Fact]
    public void Open_NoUri_IsMissing()
    {
        Assert.Equal(ErrorReason.MissingField, Refusal(null).Reason);
        Assert.Equal("video.uri", Refusal(new VideoSource()).FieldViolations.Single().Field);
    }

    private string PathOf(string uri)
    {
        using var video = VideoParts.Sources(_folder.Path).Open(new VideoSource { Uri = uri });
        return video.Path;
    }

    private ServiceException Refusal(VideoSource? source) =>
        Assert.Throws<ServiceException>(() => VideoParts.Sources(_folder.Path).Open(source));

    private void AssertRefused(string uri, ErrorReason reason) =>
        Assert.Equal(reason, Refusal(new VideoSource { Uri = uri }).Reason);
}
