using ForegSyte.Client.Tests.Fakes;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Client.Tests.CommandLine;

public sealed class ControlCommandsTests : IAsyncLifetime
{
    private const string Other = "8a7d6f52-0b1c-4d2e-9f30-415263748596";

    private ScriptedServer _server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await ScriptedServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Cancel_OneJob_PrintsTheOutcome()
    {
        _server.Service.Cancel.Answer(new CancelJobResponse { Job = SampleJobs.Cancelled() });

        var run = await CommandLineRun.OnAsync(_server, "cancel", SampleJobs.Id);

        Assert.Equal((0, $"{SampleJobs.Id} cancelled\n", ""), (run.ExitCode, run.Output, run.Error));
    }

    [Fact]
    public async Task Cancel_WrongStatus_ExitsWithTwoAndSaysWhatToDo()
    {
        _server.Service.Cancel.Fail(Failures.WrongJobStatus);

        var run = await CommandLineRun.OnAsync(_server, "cancel", SampleJobs.Id);

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.StartsWith("error: WRONG_JOB_STATUS: The job is COMPLETED.\n", run.Error, StringComparison.Ordinal);
        Assert.Contains("'foregsyte get JOB_ID'", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancel_SeveralJobs_ContinuesAfterAnErrorAndExitsWithTheFirst()
    {
        _server.Service.Cancel
            .Fail(Failures.JobNotFound)
            .Answer(new CancelJobResponse { Job = SampleJobs.Cancelled() })
            .Fail(Failures.WrongJobStatus);

        var run = await CommandLineRun.OnAsync(_server, "cancel", "first", SampleJobs.Id, Other, SampleJobs.Id);

        Assert.Equal((3, $"{SampleJobs.Id} cancelled\n"), (run.ExitCode, run.Output));
        Assert.Contains("error: first: JOB_NOT_FOUND: ", run.Error, StringComparison.Ordinal);
        Assert.Contains($"error: {Other}: WRONG_JOB_STATUS: ", run.Error, StringComparison.Ordinal);
        Assert.Equal(
            ["first", SampleJobs.Id, Other], _server.Service.Cancel.Requests.Select(request => request.JobId));
    }

    [Fact]
    public async Task Cancel_ServerUnavailable_Stops()
    {
        _server.Service.Cancel
            .Answer(new CancelJobResponse { Job = SampleJobs.Cancelled() })
            .Always((_, _) => throw Failures.Unavailable);

        var run = await CommandLineRun.OnAsync(_server, "cancel", SampleJobs.Id, Other, "third");

        Assert.Equal((6, $"{SampleJobs.Id} cancelled\n"), (run.ExitCode, run.Output));
        Assert.DoesNotContain("third", _server.Service.Cancel.Requests.Select(request => request.JobId));
    }

    [Fact]
    public async Task Retry_SeveralJobs_PrintsTheirStatus()
    {
        _server.Service.Retry.Answer(
            new RetryJobResponse { Job = SampleJobs.Queued(4) }, new RetryJobResponse { Job = SampleJobs.Running(7) });

        var run = await CommandLineRun.OnAsync(_server, "retry", SampleJobs.Id, Other);

        Assert.Equal(
            (0, $"{SampleJobs.Id} pending\n{Other} running\n", ""), (run.ExitCode, run.Output, run.Error));
    }

    [Fact]
    public async Task Retry_VideoGone_ExitsWithThreeAndSaysWhatToDo()
    {
        _server.Service.Retry.Fail(Failures.Of(
            StatusCode.FailedPrecondition, ErrorReason.VideoGone, "The video is gone."));

        var run = await CommandLineRun.OnAsync(_server, "retry", SampleJobs.Id);

        Assert.Equal(3, run.ExitCode);
        Assert.Contains("foregsyte submit FILE", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("y")]
    [InlineData(" YES ")]
    public async Task Delete_Confirmed_Deletes(string answer)
    {
        _server.Service.Delete.Answer(new DeleteJobResponse());

        var run = await DeleteOnTerminalAsync(new StringReader(answer), SampleJobs.Id);

        Assert.Equal((0, $"{SampleJobs.Id} deleted\n"), (run.ExitCode, run.Output));
        Assert.Equal($"Delete job {SampleJobs.Id} with its video and its results? [y/N] ", run.Error);
        Assert.Single(_server.Service.Delete.Requests);
    }

    [Theory]
    [InlineData("")]
    [InlineData("n")]
    [InlineData("yess")]
    public async Task Delete_NotConfirmed_DeletesNothing(string answer)
    {
        var run = await DeleteOnTerminalAsync(new StringReader(answer), SampleJobs.Id, Other);

        Assert.Equal((5, ""), (run.ExitCode, run.Output));
        Assert.StartsWith("Delete 2 jobs with their videos and their results?", run.Error, StringComparison.Ordinal);
        Assert.Contains("No job was deleted.", run.Error, StringComparison.Ordinal);
        Assert.Empty(_server.Service.Delete.Requests);
    }

    [Fact]
    public async Task Delete_InterruptedAtTheQuestion_Exits()
    {
        using var terminal = new HeldReader();
        using var interruption = CancellationTokenSource.CreateLinkedTokenSource(Token);

        var running = CommandLineRun.StartAsync(
            ["delete", SampleJobs.Id, "--server", _server.Address.ToString()], interruption.Token, terminal: terminal);
        await terminal.Reached.WaitAsync(Script.TimeLimit, Token);
        await interruption.CancelAsync();
        var run = await running.WaitAsync(Script.TimeLimit, Token);

        Assert.Equal(5, run.ExitCode);
        Assert.Empty(_server.Service.Delete.Requests);
    }

    [Fact]
    public async Task Delete_NoTerminal_RequiresYes()
    {
        var run = await CommandLineRun.OnAsync(_server, "delete", SampleJobs.Id);

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains("--yes", run.Error, StringComparison.Ordinal);
        Assert.Empty(_server.Service.Delete.Requests);
    }

    [Fact]
    public async Task Delete_Yes_DoesNotAsk()
    {
        _server.Service.Delete.Answer(new DeleteJobResponse(), new DeleteJobResponse());

        var run = await CommandLineRun.OnAsync(_server, "delete", "--yes", SampleJobs.Id, Other);

        Assert.Equal(
            (0, $"{SampleJobs.Id} deleted\n{Other} deleted\n", ""), (run.ExitCode, run.Output, run.Error));
    }

    [Theory]
    [InlineData("cancel", "status = PENDING OR status = RUNNING", "cancelled")]
    [InlineData("retry", "status = FAILED OR status = CANCELLED", "pending")]
    [InlineData("delete", "status = COMPLETED OR status = FAILED OR status = CANCELLED", "deleted")]
    public async Task Filter_WithYes_ChangesTheJobsThatMatch(string command, string allowed, string outcome)
    {
        _server.Service.List.Answer(new ListJobsResponse { Jobs = { SampleJobs.Pending(), Another() } });
        _server.Service.Cancel.Always(
            (_, _) => Task.FromResult(new CancelJobResponse { Job = WithStatus(JobStatus.Cancelled) }));
        _server.Service.Retry.Always(
            (_, _) => Task.FromResult(new RetryJobResponse { Job = WithStatus(JobStatus.Pending) }));
        _server.Service.Delete.Always((_, _) => Task.FromResult(new DeleteJobResponse()));

        var run = await CommandLineRun.OnAsync(_server, command, "--filter", "tags.camera = north", "--yes");

        Assert.Equal((0, $"{SampleJobs.Id} {outcome}\n{Other} {outcome}\n"), (run.ExitCode, run.Output));
        Assert.Equal(
            $"(tags.camera = north) AND ({allowed})", Assert.Single(_server.Service.List.Requests).Filter);

        static Job Another()
        {
            var job = SampleJobs.Pending();
            job.JobId = Other;
            return job;
        }

        static Job WithStatus(JobStatus status) => new() { JobId = SampleJobs.Id, Status = status };
    }

    [Fact]
    public async Task Cancel_FilterWithoutTerminal_RequiresYes()
    {
        var run = await CommandLineRun.OnAsync(_server, "cancel", "--filter", "status = PENDING");

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains("--yes", run.Error, StringComparison.Ordinal);
        Assert.Empty(_server.Service.List.Requests);
    }

    [Fact]
    public async Task Cancel_FilterThatMatchesNothing_Succeeds()
    {
        _server.Service.List.Answer(new ListJobsResponse());

        var run = await CommandLineRun.OnAsync(_server, "cancel", "--filter", "status = PENDING", "--yes");

        Assert.Equal((0, ""), (run.ExitCode, run.Output));
        Assert.Contains("The filter matches no job to cancel.", run.Error, StringComparison.Ordinal);
    }

    private Task<CommandLineRun> DeleteOnTerminalAsync(TextReader terminal, params string[] jobIds) =>
        CommandLineRun.StartAsync(
            ["delete", .. jobIds, "--server", _server.Address.ToString()], Token, terminal: terminal);
}

/// <summary>A terminal without input: reading blocks until the reader is disposed.</summary>
internal sealed class HeldReader : TextReader
{
    private readonly ManualResetEventSlim _closed = new();
    private readonly TaskCompletionSource _reached = new();

    /// <summary>Completes when a read starts.</summary>
    public Task Reached => _reached.Task;

    public override string? ReadLine()
    {
        _reached.TrySetResult();
        _closed.Wait();
        return null;
    }

    protected override void Dispose(bool disposing)
    {
        // The event is not disposed, because the blocked thread may still use it.
        _closed.Set();
        base.Dispose(disposing);
    }
}
