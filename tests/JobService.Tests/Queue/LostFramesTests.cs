using ForegSyte.Jobs.Inference;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Queue;

/// <summary>Jobs whose video has frames that cannot be decoded, on a real database and real files.</summary>
public sealed class LostFramesTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly (string, string) TenFrames = ("Dispatch:SegmentFrames", "10");
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 1, TimeSpan.Zero));

    [Fact]
    public async Task RunAsync_WarningsOfEverySource_AreInTheJobOnceAndTheSameAfterAResume()
    {
        var expected = JobWarnings.Empty
            .With(WarningReason.FramesLost, 25)
            .With(WarningReason.FramesDamaged, 10)
            .With(WarningReason.TimestampsLost, 4)
            .With(WarningReason.UnsupportedScript, 30)
            .With(WarningReason.TrailingBytes, 7);
        await using var engine = new JobEngine(NewInference(failingCall: 0), _time, null, TenFrames);
        var jobId = await AddJobAsync(engine);
        await engine.RunAsync(jobId);
        var job = await engine.ReadAsync(jobId);
        Assert.Equal((JobStatus.Completed, 75), (job.Status, job.FramesDone));
        Assert.Equal(expected, job.Warnings);
        Assert.Equal(
            (100, 75, 25, 10),
            (job.Summary!.Frames.Total, job.Summary.Frames.Analyzed, job.Summary.Frames.Failed,
                job.Summary.Frames.Damaged));

        await using var resumed = new JobEngine(
            NewInference(failingCall: 6), _time, null, TenFrames, ("Dispatch:SegmentsInFlight", "1"));
        var second = await AddJobAsync(resumed);
        await resumed.RunAsync(second);
        Assert.Equal(JobStatus.Pending, (await resumed.ReadAsync(second)).Status);
        await resumed.RunAsync(second);
        Assert.Equal(expected, (await resumed.ReadAsync(second)).Warnings);

        static ScriptedInference NewInference(int failingCall) => new()
        {
            Warnings = [New(WarningReason.TimestampsLost, 4), New(WarningReason.TrailingBytes, 7)],
            IsLost = frame => frame is >= 40 and < 65,
            OnRun = (_, call, _) => Throw(call == failingCall, ErrorReason.DecoderLost),
            Change = (request, response) =>
            {
                response.Warnings.Add(New(WarningReason.UnsupportedScript, 3));
                response.Frames.Damaged = request.Range.StartFrame == 20 ? 10 : 0;
            },
        };

        static async Task<Guid> AddJobAsync(JobEngine engine)
        {
            var jobId = await engine.AddJobAsync();
            await engine.Store.UpdateAsync(
                jobId, job => job with { Warnings = JobWarnings.Empty.With(WarningReason.TrailingBytes, 7) }, None);
            return jobId;
        }
    }

    [Theory]
    [InlineData(50, 0.5, JobStatus.Completed)]
    [InlineData(51, 0.5, JobStatus.Failed)]
    [InlineData(1, 0, JobStatus.Failed)]
    [InlineData(0, 0, JobStatus.Completed)]
    [InlineData(99, 1, JobStatus.Completed)]
    [InlineData(100, 1, JobStatus.Failed)]
    public async Task RunAsync_LostShare_FailsTheJobAboveTheOption(int lost, double share, JobStatus expected)
    {
        var inference = new ScriptedInference { IsLost = frame => frame < lost };
        await using var engine = new JobEngine(
            inference, _time, null, TenFrames, ("Segments:MaxLostFrameShare", FormattableString.Invariant($"{share}")));
        var jobId = await engine.AddJobAsync();

        Assert.Null(await engine.RunAsync(jobId));

        var job = await engine.ReadAsync(jobId);
        Assert.Equal(expected, job.Status);
        Assert.Equal(lost, job.Warnings.CountOf(WarningReason.FramesLost));
        if (expected == JobStatus.Failed)
        {
            Assert.Equal(ErrorReason.UndecodableVideo, job.Failure!.Reason);
        }
    }

    [Fact]
    public async Task RunAsync_TooManyLostFrames_NamesTheCountsAndTheOption()
    {
        var inference = new ScriptedInference { IsLost = frame => frame % 10 < 6 };
        await using var engine = new JobEngine(inference, _time);
        var jobId = await engine.AddJobAsync();
        await engine.RunAsync(jobId);

        var failure = (await engine.ReadAsync(jobId)).Failure!;
        Assert.StartsWith(
            "60 of the 100 frames to analyze cannot be decoded, more than the share of 0.5 that option "
            + "Segments:MaxLostFrameShare allows.",
            failure.Message, StringComparison.Ordinal);
        Assert.Equal(
            ["60", "100", "Segments:MaxLostFrameShare", "0.5"],
            new[] { "lostFrames", "plannedFrames", "option", "limit" }.Select(key => failure.Metadata[key]));
    }

    [Fact]
    public async Task RetryAsync_DecoderRepaired_DecodesAgainWhatFailedAndKeepsTheRest()
    {
        var inference = new ScriptedInference
        {
            IsLost = frame => frame is 35 or (>= 50 and < 55),
            OnRun = (request, call, _) =>
                Throw(call <= 10 && request.Range.StartFrame is 0 or 70, ErrorReason.UndecodableVideo),
        };
        await using var engine = new JobEngine(
            inference, _time, null, TenFrames, ("Segments:MaxLostFrameShare", "0"), ("Dispatch:SegmentsInFlight", "1"));
        var jobId = await engine.AddJobAsync();
        await engine.PutVideoAsync(jobId);
        await engine.RunAsync(jobId);
        Assert.Equal((JobStatus.Failed, 74), await StateAsync(engine, jobId));

        inference.IsLost = _ => false;
        inference.OnRun = (_, call, _) => Throw(call == 12, ErrorReason.DecoderLost);
        await engine.Control.RetryAsync(jobId, _ => { }, None);

        // The first attempt after RetryJob decodes one of four lossy segments and ends; the second one the others.
        await engine.RunAsync(jobId);
        Assert.Equal((JobStatus.Pending, 70), await StateAsync(engine, jobId));
        await engine.RunAsync(jobId);

        var job = await engine.ReadAsync(jobId);
        Assert.Equal((JobStatus.Completed, 100), (job.Status, job.FramesDone));
        Assert.Equal(JobWarnings.Empty, job.Warnings);
        Assert.Equal(
            [0, 30, 30, 50, 70], inference.Requests.Skip(10).Select(request => request.Range.StartFrame));
        Assert.Equal([0, 60, 70], job.Attempts.Select(attempt => attempt.FramesResumed));
    }

    [Fact]
    public async Task RunAsync_LossySegmentsWithoutRetryJob_AreNotDecodedAgain()
    {
        var inference = new ScriptedInference
        {
            IsLost = frame => frame == 5,
            OnRun = (_, call, _) => Throw(call == 5, ErrorReason.DecoderLost),
        };
        await using var engine = new JobEngine(inference, _time, null, TenFrames, ("Dispatch:SegmentsInFlight", "1"));
        var jobId = await engine.AddJobAsync();
        await engine.RunAsync(jobId);

        await engine.RunAsync(jobId);

        Assert.Equal((JobStatus.Completed, 99), await StateAsync(engine, jobId));
        Assert.Equal(11, inference.Requests.Count);
    }

    [Fact]
    public async Task RunAsync_DecoderUnavailable_CountsNoFrameAsLostAndUsesUpNoAttempt()
    {
        var isBroken = true;
        var inference = new ScriptedInference
        {
            OnRun = (_, _, _) => Throw(isBroken, ErrorReason.DecoderUnavailable),
        };
        await using var engine = new JobEngine(inference, _time, null, ("Retry:MaxAttempts", "2"));
        var jobId = await engine.AddJobAsync();
        for (var attempt = 1; attempt <= 4; attempt++)
        {
            Assert.NotNull(await engine.RunAsync(jobId));
        }

        isBroken = false;
        await engine.RunAsync(jobId);

        var job = await engine.ReadAsync(jobId);
        Assert.Equal((JobStatus.Completed, 100), (job.Status, job.FramesDone));
        Assert.Equal(0, job.Summary!.Frames.Failed);
        Assert.Equal(JobWarnings.Empty, job.Warnings);
    }

    [Theory]
    [InlineData(ErrorReason.EncryptedVideo)]
    [InlineData(ErrorReason.NoFrames)]
    [InlineData(ErrorReason.NoVideoTrack)]
    [InlineData(ErrorReason.NotAnMp4)]
    [InlineData(ErrorReason.VideoLimitExceeded)]
    [InlineData(ErrorReason.UndecodableVideo)]
    public async Task RunAsync_ProbeRefusesTheVideo_FailsAtOnce(ErrorReason reason)
    {
        var inference = new ScriptedInference { OnProbe = () => Throw(true, reason) };
        await using var engine = new JobEngine(inference, _time);
        var jobId = await engine.AddJobAsync();

        Assert.Null(await engine.RunAsync(jobId));

        var job = await engine.ReadAsync(jobId);
        Assert.Equal((JobStatus.Failed, reason, 1), (job.Status, job.Failure!.Reason, job.Attempts.Count));
    }

    [Fact]
    public async Task RunAsync_FailedAndLossySegments_KeepTheDecoderOutputAfterARestart()
    {
        var inference = new ScriptedInference
        {
            IsLost = frame => frame == 15,
            OnRun = (request, _, _) => request.Range.StartFrame switch
            {
                20 => throw Failed(ErrorReason.UndecodableVideo, "VIDEO: no frame"),
                50 => throw Failed(ErrorReason.StageFailed, ""),
                _ => Task.CompletedTask,
            },
        };
        using var folder = new TemporaryFolder();
        Guid jobId;
        await using (var engine = new JobEngine(
            inference, _time, folder, TenFrames, ("Dispatch:SegmentsInFlight", "1")))
        {
            jobId = await engine.AddJobAsync();
            await engine.RunAsync(jobId);
        }

        await using var restarted = new JobEngine(new ScriptedInference(), _time, folder);
        var stored = await restarted.Store.ListFailedSegmentsAsync(jobId, None);

        Assert.Equal(
            [
                (1, 10, 20, 9, 1, null, "VIDEO: 1 frames from 15 lost"),
                (2, 20, 30, 0, 10, ErrorReason.UndecodableVideo, "VIDEO: no frame"),
                (5, 50, 60, 0, 0, ErrorReason.StageFailed, ""),
            ],
            stored.Select(run => (
                run.Segment.Number, run.Segment.StartFrame, run.Segment.EndFrame, run.FramesAnalyzed, run.FramesLost,
                run.Failure?.Reason, run.DecoderOutput)));
        Assert.All(stored, run => Assert.Equal((inference.Address, 1), (run.Instance, run.Attempt)));
        Assert.Equal([false, true, true], stored.Select(run => run.IsFailed));
    }

    private static async Task<(JobStatus Status, int FramesDone)> StateAsync(JobEngine engine, Guid jobId)
    {
        var job = await engine.ReadAsync(jobId);
        return (job.Status, job.FramesDone);
    }

    private static Warning New(WarningReason reason, long count) => new() { Reason = reason, Count = count };

    private static InferenceFailedException Failed(ErrorReason reason, string lastWords) =>
        new(new JobFailure(reason, "Failed.") { LastWords = lastWords });

    private static Task Throw(bool now, ErrorReason reason) => now ? throw Failed(reason, "") : Task.CompletedTask;
}
