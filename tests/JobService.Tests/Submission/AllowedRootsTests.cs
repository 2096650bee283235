using System.Diagnostics;
using System.Net.Sockets;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Submission;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Submission;

public sealed class AllowedRootsTests : IDisposable
{
    private static readonly TimeSpan OpenTimeout = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder = new();
    private readonly AllowedRoots _roots;

    public AllowedRootsTests()
    {
        Directory.CreateDirectory(_folder.File("inbox"));
        File.WriteAllText(_folder.File("inbox", "a.mp4"), "inside");
        File.WriteAllText(_folder.File("secret.mp4"), "outside");
        _roots = new AllowedRoots(Options.Create(new SubmitOptions { AllowedRoots = { _folder.File("inbox") } }));
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a.mp4")]
    [InlineData("./a.mp4")]
    [InlineData("/a.mp4")]
    [InlineData("a.mp4/")]
    [InlineData("none/../a.mp4")]
    [InlineData("../inbox/a.mp4")]
    [InlineData("%61%2emp4")]
    public void Open_FileUnderARoot_IsOpened(string path)
    {
        using var file = _roots.Open($"file://{_folder.Path}/inbox/{path}");

        Assert.Equal("inside", new StreamReader(file).ReadToEnd());
    }

    [Theory]
    [InlineData("../secret.mp4")]
    [InlineData("%2e%2e/secret.mp4")]
    [InlineData("..%2fsecret.mp4")]
    [InlineData("%2e%2e%2fsecret.mp4")]
    [InlineData("x/../../secret.mp4")]
    [InlineData("../../../../../../../../../../../../etc/passwd")]
    [InlineData("../inbox2/a.mp4")]
    [InlineData("..")]
    [InlineData("../none.mp4")]
    public void Open_PathOutsideTheRoots_IsNotAllowed(string path) =>
        AssertRefused(ErrorReason.SourceNotAllowed, $"file://{_folder.Path}/inbox/{path}");

    [Theory]
    [InlineData("%252e%252e/secret.mp4")]
    [InlineData("..%252fsecret.mp4")]
    [InlineData("..%5Csecret.mp4")]
    [InlineData("%EF%BC%8E%EF%BC%8E/secret.mp4")]
    [InlineData("%E2%80%A4%E2%80%A4/secret.mp4")]
    [InlineData("a.mp4/../a.mp4/x")]
    [InlineData("A.MP4")]
    [InlineData("")]
    [InlineData(".")]
    public void Open_LookalikeNames_AreNotFound(string path) =>
        AssertRefused(ErrorReason.SourceNotFound, $"file://{_folder.Path}/inbox/{path}");

    [Theory]
    [InlineData("%c0%ae%c0%ae/secret.mp4")]
    [InlineData("a.mp4%00.txt")]
    [InlineData("..\\secret.mp4")]
    [InlineData("a.mp4?x")]
    [InlineData("a.mp4#x")]
    [InlineData("a%0amp4")]
    public void Open_MalformedUris_AreUnsupported(string path) =>
        AssertRefused(ErrorReason.UnsupportedUri, $"file://{_folder.Path}/inbox/{path}");

    [Fact]
    public void Open_NamesThatDifferInUnicodeNormalization_AreTwoFiles()
    {
        File.WriteAllText(_folder.File("inbox", "\u00FC.mp4"), "composed");
        File.WriteAllText(_folder.File("inbox", "u\u0308.mp4"), "decomposed");

        using var composed = _roots.Open($"file://{_folder.Path}/inbox/%C3%BC.mp4");
        using var decomposed = _roots.Open($"file://{_folder.Path}/inbox/u%CC%88.mp4");

        Assert.Equal("composed", new StreamReader(composed).ReadToEnd());
        Assert.Equal("decomposed", new StreamReader(decomposed).ReadToEnd());
    }

    [Fact]
    public void Open_RootThatDiffersInUnicodeNormalization_IsAnotherFolder()
    {
        Directory.CreateDirectory(_folder.File("\u00FC"));
        Directory.CreateDirectory(_folder.File("u\u0308"));
        File.WriteAllText(_folder.File("u\u0308", "a.mp4"), "x");
        var roots = new AllowedRoots(Options.Create(new SubmitOptions { AllowedRoots = { _folder.File("\u00FC") } }));

        Assert.Equal(
            ErrorReason.SourceNotAllowed,
            Assert.Throws<ServiceException>(() => roots.Open($"file://{_folder.Path}/u%CC%88/a.mp4")).Reason);
    }

    [Theory]
    [InlineData(255, 1, ErrorReason.SourceNotFound)]
    [InlineData(256, 1, ErrorReason.SourceNotFound)]
    [InlineData(4096, 1, ErrorReason.SourceNotFound)]
    [InlineData(200, 25, ErrorReason.SourceNotFound)]
    [InlineData(16384, 1, ErrorReason.UnsupportedUri)]
    public void Open_LongNames_AreRefused(int length, int parts, ErrorReason reason) =>
        AssertRefused(
            reason,
            $"file://{_folder.Path}/inbox/" + string.Join('/', Enumerable.Repeat(new string('a', length), parts)));

    [Theory]
    [InlineData("../secret.mp4", "link.mp4")]
    [InlineData("/etc", "link.mp4/passwd")]
    [InlineData("..", "link.mp4/secret.mp4")]
    [InlineData("/proc/self/root/etc/passwd", "link.mp4")]
    [InlineData("/proc/self/cwd", "link.mp4/x")]
    public void Open_LinkToOutside_IsNotAllowed(string target, string asked)
    {
        File.CreateSymbolicLink(_folder.File("inbox", "link.mp4"), target);

        AssertRefused(ErrorReason.SourceNotAllowed, $"file://{_folder.Path}/inbox/{asked}");
    }

    [Fact]
    public void Open_LinkToALinkOutside_IsNotAllowed()
    {
        File.CreateSymbolicLink(_folder.File("inbox", "first.mp4"), "second.mp4");
        File.CreateSymbolicLink(_folder.File("inbox", "second.mp4"), "../secret.mp4");

        AssertRefused(ErrorReason.SourceNotAllowed, $"file://{_folder.Path}/inbox/first.mp4");
    }

    [Fact]
    public void Open_LinksInACircle_AreUnsupported()
    {
        File.CreateSymbolicLink(_folder.File("inbox", "circle.mp4"), "circle.mp4");

        AssertRefused(ErrorReason.UnsupportedUri, $"file://{_folder.Path}/inbox/circle.mp4");
    }

    [Fact]
    public void Open_LinkToInside_IsFollowed()
    {
        File.CreateSymbolicLink(_folder.File("inbox", "link.mp4"), "a.mp4");

        using var file = _roots.Open($"file://{_folder.Path}/inbox/link.mp4");

        Assert.Equal("inside", new StreamReader(file).ReadToEnd());
    }

    [Fact]
    public async Task Open_LinkExchangedConcurrently_NeverOpensAFileOutside()
    {
        var link = _folder.File("inbox", "link.mp4");
        var spare = _folder.File("inbox", "spare.mp4");
        File.CreateSymbolicLink(link, "a.mp4");
        using var stop = new CancellationTokenSource();
        var exchange = Task.Run(
            () =>
            {
                for (var turn = 0; !stop.IsCancellationRequested; turn++)
                {
                    File.CreateSymbolicLink(spare, turn % 2 == 0 ? "../secret.mp4" : "a.mp4");
                    File.Move(spare, link, overwrite: true);
                }
            },
            Cancellation);
        var (opened, refused) = (0, 0);
        for (var turn = 0; turn < 5000; turn++)
        {
            try
            {
                using var file = _roots.Open($"file://{link}");
                Assert.Equal("inside", await new StreamReader(file).ReadToEndAsync(Cancellation));
                opened++;
            }
            catch (ServiceException failure)
            {
                Assert.Equal(ErrorReason.SourceNotAllowed, failure.Reason);
                refused++;
            }
        }

        await stop.CancelAsync();
        await exchange;
        Assert.True(opened > 0 && refused > 0, $"The link did not change: {opened} opened, {refused} refused.");
    }

    [Fact]
    public async Task Open_NamedPipe_IsNotFoundWithoutBlocking()
    {
        using (var made = Process.Start("mkfifo", _folder.File("inbox", "pipe.mp4")))
        {
            await made.WaitForExitAsync(Cancellation);
        }

        // Without a writer, open(2) of a pipe blocks.
        var refused = Task.Run(
            () => AssertRefused(ErrorReason.SourceNotFound, $"file://{_folder.Path}/inbox/pipe.mp4"), Cancellation);

        await refused.WaitAsync(OpenTimeout, Cancellation);
    }

    [Fact]
    public void Open_SocketAndFolder_AreNotFound()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(_folder.File("inbox", "socket.mp4")));
        Directory.CreateDirectory(_folder.File("inbox", "folder.mp4"));

        AssertRefused(ErrorReason.SourceNotFound, $"file://{_folder.Path}/inbox/socket.mp4");
        AssertRefused(ErrorReason.SourceNotFound, $"file://{_folder.Path}/inbox/folder.mp4");
    }

    [Theory]
    [InlineData("zero")]
    [InlineData("null")]
    [InlineData("random")]
    [InlineData("stdin")]
    [InlineData("fd/0")]
    public void Open_Devices_AreRefused(string name)
    {
        var roots = new AllowedRoots(Options.Create(new SubmitOptions { AllowedRoots = { "/dev" } }));

        var failure = Assert.Throws<ServiceException>(() => roots.Open($"file:///dev/{name}"));

        Assert.Contains(failure.Reason, new[] { ErrorReason.SourceNotFound, ErrorReason.SourceNotAllowed });
    }

    [Fact]
    public void Open_WithoutRoots_AllowsNothing()
    {
        var roots = new AllowedRoots(Options.Create(new SubmitOptions()));

        var failure = Assert.Throws<ServiceException>(() => roots.Open($"file://{_folder.Path}/inbox/a.mp4"));

        Assert.Equal(ErrorReason.SourceNotAllowed, failure.Reason);
        Assert.Contains("Submit:AllowedRoots", failure.Message, StringComparison.Ordinal);
    }

    private void AssertRefused(ErrorReason reason, string uri)
    {
        var failure = Assert.Throws<ServiceException>(() => _roots.Open(uri).Dispose());
        Assert.Equal(reason, failure.Reason);
        Assert.Equal("uri", failure.FieldViolations.Single().Field);
        Assert.DoesNotContain("Exception", failure.Message, StringComparison.Ordinal);
    }
}
