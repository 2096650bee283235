using System.Text.RegularExpressions;
using ForegSyte.Client.Tests.Fakes;
using ForegSyte.CommandLine;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Client.Tests.CommandLine;

/// <summary>Errors about options name the option, and neither members nor types of .NET.</summary>
public sealed partial class UsageErrorTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("list --limit abc", "--limit must be a whole number, not 'abc'.")]
    [InlineData(
        "list --limit 99999999999",
        "--limit must be a whole number from -2147483648 to 2147483647, not '99999999999'.")]
    [InlineData("list --view nope", "--view must be basic or full, not 'nope'.")]
    [InlineData("list --view unspecified", "--view must be basic or full, not 'unspecified'.")]
    [InlineData("list --view 7", "--view must be basic or full, not '7'.")]
    [InlineData(
        "list --status lost", "--status must be pending, running, completed, failed or cancelled, not 'lost'.")]
    [InlineData("submit a.mp4 --priority x", "--priority must be a whole number, not 'x'.")]
    [InlineData("submit a.mp4 --stride 1.5", "--stride must be a whole number, not '1.5'.")]
    [InlineData("submit a.mp4 --transfer nope", "--transfer must be automatic, content, path or upload, not 'nope'.")]
    [InlineData(
        "submit a.mp4 --transfer Upload --validate-only",
        "--validate-only cannot be combined with --transfer upload, because it uploads nothing.")]
    [InlineData(
        "submit --from-job x --transfer upload --wait-for-place",
        "--transfer is only for a local file; omit it for a URI or --from-job.")]
    [InlineData(
        "submit s3://videos/a.mp4 --transfer path",
        "--transfer is only for a local file; omit it for a URI or --from-job.")]
    public async Task Run_InvalidOption_SaysWhatItAccepts(string line, string expected)
    {
        var run = await CommandLineRun.StartAsync(line.Split(' '), Token);

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Equal($"error: {expected}", run.Error.Split(Environment.NewLine)[0]);
    }

    [Fact]
    public async Task Run_ContradictingCredentials_ExitsWithTwo()
    {
        var run = await CommandLineRun.StartAsync(["get", "x", "--certificate-file", "a.pem"], Token);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("Certificates need an https address", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_InvalidValueOfEachOption_NamesNoType()
    {
        var root = ForegSyteCommandLine.Root(CommandEnvironment.OfThisProcess());
        foreach (var command in root.Subcommands)
        {
            foreach (var option in command.Options.Concat(root.Options))
            {
                // The second option makes every line invalid, so that no command runs.
                var run = await CommandLineRun.StartAsync(
                    [command.Name, $"{option.Name}=nope", "--timeout", "never"], Token);

                Assert.False(
                    TypeName().IsMatch(run.Error), $"{command.Name} {option.Name} prints a type: {run.Error}");
            }
        }
    }

    [Fact]
    public async Task Submit_ValidateOnlyOfALargeFile_SaysWhatToDo()
    {
        using var folder = new TemporaryFolder();
        await using (var file = File.Create(folder.File("video.mp4")))
        {
            file.SetLength((32 << 20) + 1);
        }

        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit.Fail(
            Failures.Of(Grpc.Core.StatusCode.InvalidArgument, ErrorReason.SourceNotAllowed, "Not allowed."));

        var run = await CommandLineRun.OnAsync(server, "submit", folder.File("video.mp4"), "--validate-only");

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains(
            "MESSAGE_TOO_LARGE: The video has at least 33554433 bytes", run.Error, StringComparison.Ordinal);
        Assert.Contains("  Omit --validate-only", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("ValidateOnly", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_WebhookThatIsNotAllowed_HasNoAdviceAboutVideos()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit.Fail(Failures.Of(
            Grpc.Core.StatusCode.InvalidArgument, ErrorReason.SourceNotAllowed, "The host is not allowed.",
            Failures.BadField("webhook.uri", "The host is not allowed.")));

        var run = await CommandLineRun.OnAsync(
            server, "submit", RepositoryFiles.Pedestrians, "--webhook", "https://example.org/hook");

        Assert.Contains("The host is not allowed.", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Submit:AllowedRoots", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("foregsyte search texts --help", "search", "texts")]
    [InlineData("foregsyte search tracks --help", "search", "tracks", "--limit", "x")]
    [InlineData("foregsyte get --help", "get")]
    public async Task WrongArguments_NameTheCommandWithItsWholePath(string expected, params string[] arguments)
    {
        await using var server = await ScriptedServer.StartAsync();

        var run = await CommandLineRun.OnAsync(server, arguments);

        Assert.Contains($"'{expected}' lists its arguments and options.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_FromJobWhileTheQueueIsFull_WaitsForAPlace()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit
            .Fail(Failures.QueueFull(TimeSpan.FromMilliseconds(1)))
            .Answer(new SubmitVideoResponse { Job = SampleJobs.Pending() });

        var run = await CommandLineRun.OnAsync(server, "submit", "--from-job", SampleJobs.Id, "--wait-for-place");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(2, server.Service.Submit.Requests.Count);
    }

    [GeneratedRegex(@"\w+\.[A-Z]\w+")]
    private static partial Regex TypeName();
}
