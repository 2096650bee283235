using ForegSyte.Client.Tests.Fakes;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Client.Tests.CommandLine;

public sealed class ExitCodeTests
{
    [Theory]
    [InlineData(StatusCode.InvalidArgument, ErrorReason.InvalidField, 2)]
    [InlineData(StatusCode.OutOfRange, ErrorReason.InvalidField, 2)]
    [InlineData(StatusCode.AlreadyExists, ErrorReason.RequestIdConflict, 2)]
    [InlineData(StatusCode.ResourceExhausted, ErrorReason.VideoLimitExceeded, 2)]
    [InlineData(StatusCode.ResourceExhausted, ErrorReason.MessageTooLarge, 2)]
    [InlineData(StatusCode.FailedPrecondition, ErrorReason.WrongJobStatus, 2)]
    [InlineData(StatusCode.InvalidArgument, ErrorReason.EncryptedVideo, 2)]
    [InlineData(StatusCode.NotFound, ErrorReason.JobNotFound, 3)]
    [InlineData(StatusCode.FailedPrecondition, ErrorReason.VideoGone, 3)]
    [InlineData(StatusCode.ResourceExhausted, ErrorReason.QueueFull, 6)]
    [InlineData(StatusCode.ResourceExhausted, ErrorReason.TooManyUploads, 6)]
    [InlineData(StatusCode.ResourceExhausted, ErrorReason.StorageFull, 6)]
    [InlineData(StatusCode.ResourceExhausted, ErrorReason.RateLimited, 6)]
    [InlineData(StatusCode.ResourceExhausted, ErrorReason.TooManyCalls, 6)]
    [InlineData(StatusCode.ResourceExhausted, ErrorReason.InferenceBusy, 6)]
    [InlineData(StatusCode.Cancelled, ErrorReason.JobCancelled, 5)]
    [InlineData(StatusCode.Unavailable, ErrorReason.ShuttingDown, 6)]
    [InlineData(StatusCode.Unavailable, ErrorReason.DecoderUnavailable, 6)]
    [InlineData(StatusCode.Unavailable, ErrorReason.StorageUnavailable, 6)]
    [InlineData(StatusCode.DeadlineExceeded, ErrorReason.DeadlineExceeded, 7)]
    [InlineData(StatusCode.Unauthenticated, ErrorReason.Unauthenticated, 8)]
    [InlineData(StatusCode.PermissionDenied, ErrorReason.PermissionDenied, 8)]
    [InlineData(StatusCode.Internal, ErrorReason.Internal, 1)]
    [InlineData(StatusCode.DataLoss, ErrorReason.ResultsDamaged, 1)]
    public async Task Get_Error_ExitsWithItsCode(StatusCode status, ErrorReason reason, int expected)
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Get.Always((_, _) => throw Failures.Of(status, reason, "What went wrong."));

        var run = await CommandLineRun.OnAsync(server, "get", SampleJobs.Id);

        Assert.Equal((expected, ""), (run.ExitCode, run.Output));
        Assert.Contains("What went wrong.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_InvalidFields_AreNamedWithAdvice()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit.Fail(Failures.Of(
            StatusCode.InvalidArgument,
            ErrorReason.UnknownPipeline,
            "There is no pipeline nope.",
            Failures.BadField("pipeline_id", "One of ocr_only, yolo_ocr.")));

        var run = await CommandLineRun.OnAsync(server, "submit", RepositoryFiles.Pedestrians, "-p", "nope");

        Assert.Equal(2, run.ExitCode);
        Assert.Equal(
            [
                "error: UNKNOWN_PIPELINE: There is no pipeline nope.",
                "  pipeline_id: One of ocr_only, yolo_ocr.",
                "  'foregsyte pipelines' lists the pipelines of the server.",
                "",
            ],
            run.Error.Split(Environment.NewLine));
    }

    [Theory]
    [InlineData("", "Required command")]
    [InlineData("dance", "dance")]
    [InlineData("get", "JOB_ID")]
    [InlineData("get x --server ftp://localhost:5200", "is not a server address")]
    [InlineData("get x --timeout soon", "--timeout must be a duration such as")]
    [InlineData("get x --timeout 0", "--timeout must be more than 0s.")]
    [InlineData("list --status lost", "lost")]
    [InlineData("list --limit 0", "at least 1")]
    [InlineData("list --limit abc", "abc")]
    [InlineData("list --limit 99999999999", "99999999999")]
    [InlineData("submit x.mp4 --stride many", "many")]
    [InlineData("submit x.mp4 --stride 0", "--stride must be at least 1.")]
    [InlineData("submit x.mp4 --max-frames -1", "--max-frames must be at least 0.")]
    [InlineData("submit https:host/x.mp4", "An address looks like https://host/x.mp4.")]
    [InlineData("analyze https://host/x.mp4", "foregsyte submit https://host/x.mp4")]
    [InlineData("annotate x -o copy.mkv", "whose name ends with .mp4")]
    [InlineData("list --since 7", "--since cannot be '7'. Use a duration such as")]
    [InlineData("list --watch --json", "omit --json")]
    [InlineData("search texts x --min-confidence high", "--min-confidence must be a number, not 'high'.")]
    [InlineData("lsit", "Did you mean 'list'?")]
    [InlineData("list --stauts failed", "Did you mean '--status'?")]
    [InlineData("list --status fialed", "Did you mean 'failed'?")]
    [InlineData("get x --sever localhost", "Did you mean '--server'?")]
    [InlineData("search text x", "Did you mean 'texts'?")]
    [InlineData("cancel x --filter status=PENDING", "Give either JOB_ID or --filter.")]
    [InlineData("submit x.mp4 --priority high", "high")]
    [InlineData("cancel", "JOB_ID")]
    [InlineData("retry", "JOB_ID")]
    [InlineData("delete --yes", "JOB_ID")]
    public async Task Run_WrongUsage_ExitsWithTwo(string line, string expected)
    {
        var run = await CommandLineRun.StartAsync(
            line.Split(' ', StringSplitOptions.RemoveEmptyEntries), TestContext.Current.CancellationToken);

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.Contains("--help", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_ServerOfTheEnvironmentIsWrong_ExitsWithTwo()
    {
        var run = await CommandLineRun.StartAsync(
            ["pipelines"],
            TestContext.Current.CancellationToken,
            environmentVariable: name => name == "FOREGSYTE_SERVER" ? "ftp://nonsense" : null);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("nonsense", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_ServerOfTheEnvironment_IsUsed()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Get.Answer(new GetJobResponse { Job = SampleJobs.Pending() });

        var run = await CommandLineRun.StartAsync(
            ["get", SampleJobs.Id],
            TestContext.Current.CancellationToken,
            environmentVariable: name => name == "FOREGSYTE_SERVER" ? server.Address.ToString() : null);

        Assert.Equal(0, run.ExitCode);
    }

    [Fact]
    public async Task Submit_NoSuchFile_ExitsWithThree()
    {
        var run = await CommandLineRun.StartAsync(
            ["submit", "missing.mp4"], TestContext.Current.CancellationToken, "/tmp");

        Assert.Equal(3, run.ExitCode);
        Assert.Contains("/tmp/missing.mp4", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_CredentialFileMissing_ExitsWithThree()
    {
        var run = await CommandLineRun.StartAsync(
            ["list", "--api-key-file", "/nowhere/key"], TestContext.Current.CancellationToken);

        Assert.Equal((3, ""), (run.ExitCode, run.Output));
        Assert.Contains("/nowhere/key", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_ConnectionRefused_ExitsWithSixAndSaysWhatToDo()
    {
        var server = await ScriptedServer.StartAsync();
        await server.DisposeAsync();

        var run = await CommandLineRun.OnAsync(server, "pipelines");

        Assert.Equal((6, ""), (run.ExitCode, run.Output));
        Assert.Contains($"No ForegSyte server at {server.Address}", run.Error, StringComparison.Ordinal);
        Assert.Contains("--server ADDRESS or FOREGSYTE_SERVER", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("RpcException", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Verbose_PrintsTheCause()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Get.Fail(Failures.JobNotFound);

        var run = await CommandLineRun.OnAsync(server, "get", SampleJobs.Id, "--verbose");

        Assert.Contains("RpcException", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_LongerThanTimeout_ExitsWithSeven()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Get.Hang();

        var run = await CommandLineRun.OnAsync(server, "get", SampleJobs.Id, "--timeout", "0.2s");

        Assert.Equal(7, run.ExitCode);
        Assert.Contains("error: The command exceeded --timeout 200ms.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_TimeoutWhileNothingListens_SaysSo()
    {
        string address;
        await using (var server = await ScriptedServer.StartAsync())
        {
            address = $"{server.Address}";
        }

        var run = await CommandLineRun.StartAsync(
            ["wait", SampleJobs.Id, "--server", address, "--timeout", "0.3s"], TestContext.Current.CancellationToken);

        Assert.Equal(7, run.ExitCode);
        Assert.Contains("exceeded --timeout 300ms. Nothing listens at " + address, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_Root_ListsTheExitCodes()
    {
        var run = await CommandLineRun.StartAsync(["--help"], TestContext.Current.CancellationToken);

        Assert.Equal(0, run.ExitCode);
        foreach (var code in Enum.GetValues<ExitCode>())
        {
            Assert.Contains($"{(int)code}  ", run.Output, StringComparison.Ordinal);
        }
    }
}
