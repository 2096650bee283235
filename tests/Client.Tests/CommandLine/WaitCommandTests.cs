using ForegSyte.Client.Tests.Fakes;
using ForegSyte.CommandLine.Output;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;
using Microsoft.Extensions.Time.Testing;
using Spectre.Console.Testing;

namespace ForegSyte.Client.Tests.CommandLine;

public sealed class WaitCommandTests
{
    [Fact]
    public async Task Wait_UntilCompleted_ShowsProgressOnStandardErrorAndTheJobOnStandardOutput()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Wait.Answer(
            SampleJobs.Changed(SampleJobs.Pending()),
            SampleJobs.Changed(SampleJobs.Running(0)),
            SampleJobs.Changed(SampleJobs.Running(45)),
            SampleJobs.Changed(SampleJobs.Running(46)),
            SampleJobs.Changed(SampleJobs.Completed()));

        var run = await CommandLineRun.OnAsync(server, "wait", SampleJobs.Id);

        Assert.Equal(0, run.ExitCode);
        var lines = run.Error.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(4, lines.Length);
        Assert.Equal("pending", lines[0]);
        Assert.Equal("running, 0 of 100 frames", lines[1]);
        Assert.StartsWith("running, 45 of 100 frames, ", lines[2], StringComparison.Ordinal);
        Assert.StartsWith("completed, 100 of 100 frames", lines[3], StringComparison.Ordinal);
        Assert.Contains("person", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wait_JobIsQueued_ShowsTheReason()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Wait.Answer(
            SampleJobs.Changed(SampleJobs.Queued(12)),
            SampleJobs.Changed(SampleJobs.Queued(12)),
            SampleJobs.Changed(SampleJobs.Queued(2)),
            SampleJobs.Changed(SampleJobs.Completed()));

        var run = await CommandLineRun.OnAsync(server, "wait", SampleJobs.Id);

        var lines = run.Error.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["waiting: 12th in the queue", "waiting: 2nd in the queue"], lines[..^1]);
    }

    [Fact]
    public async Task Wait_JobFailsWithARetryableError_SaysHowToRetry()
    {
        var job = SampleJobs.Failed();
        job.Attempts.Add(new Attempt
        {
            Number = 5,
            Error = SampleJobs.Error(ErrorReason.DecoderLost, "FFmpeg ended."),
            Retryable = true,
        });
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Wait.Answer(SampleJobs.Changed(job));

        var run = await CommandLineRun.OnAsync(server, "wait", SampleJobs.Id);

        Assert.Equal(4, run.ExitCode);
        Assert.Contains($"foregsyte retry {SampleJobs.Id}", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wait_JobFails_ExitsWithFour()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Wait.Answer(SampleJobs.Changed(SampleJobs.Failed()));

        var run = await CommandLineRun.OnAsync(server, "wait", SampleJobs.Id, "--json");

        Assert.Equal(4, run.ExitCode);
        Assert.Contains(
            "error: the job failed: UNDECODABLE_VIDEO: Frame 40 could not be decoded.",
            run.Error,
            StringComparison.Ordinal);
        Assert.DoesNotContain("foregsyte retry", run.Error, StringComparison.Ordinal);
        Assert.Equal(SampleJobs.Failed(), ForegSyteJson.StrictParser.Parse<Job>(run.Output));
    }

    [Fact]
    public async Task Wait_JobIsCancelled_ExitsWithFive()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Wait.Answer(SampleJobs.Changed(SampleJobs.Cancelled()));

        var run = await CommandLineRun.OnAsync(server, "wait", SampleJobs.Id);

        Assert.Equal(5, run.ExitCode);
        Assert.Contains("The job was cancelled.", run.Error, StringComparison.Ordinal);
        Assert.Contains($"To run it again: foregsyte retry {SampleJobs.Id}", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wait_Interrupted_SaysThatTheJobKeepsRunning()
    {
        await using var server = await ScriptedServer.StartAsync();
        var reached = new TaskCompletionSource();
        server.Service.Wait.Answer(SampleJobs.Changed(SampleJobs.Running(1))).Hang(reached);
        using var interruption = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

        var running = CommandLineRun.StartAsync(
            ["wait", SampleJobs.Id, "--server", server.Address.ToString()], interruption.Token);
        await reached.Task.WaitAsync(Script.TimeLimit, TestContext.Current.CancellationToken);
        await interruption.CancelAsync();
        var run = await running;

        Assert.Equal(5, run.ExitCode);
        Assert.Contains(
            $"The job keeps running. To wait for it again: foregsyte wait {SampleJobs.Id}",
            run.Error,
            StringComparison.Ordinal);
        Assert.Contains($"To cancel it: foregsyte cancel {SampleJobs.Id}", run.Error, StringComparison.Ordinal);
        Assert.Contains("error: Interrupted.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LiveProgress_OnATerminal_ShowsOneBarWithRateAndTimeLeft()
    {
        var clock = new FakeTimeProvider();
        using var console = new TestConsole().Interactive().Width(160);

        await new LiveProgressDisplay(console, clock).ShowAsync(progress =>
        {
            progress.Report(new ProgressReport("running", 0, 100));
            clock.Advance(TimeSpan.FromSeconds(2));
            progress.Report(new ProgressReport("running", 50, 100));
            return Task.FromResult(0);
        });

        Assert.Contains("running, 50 of 100 frames, 25 frames/s, 2s left", console.Output, StringComparison.Ordinal);
        Assert.Contains("50%", console.Output, StringComparison.Ordinal);
    }
}
