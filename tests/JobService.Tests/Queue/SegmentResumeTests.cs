using System.Text;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Protocol.Json;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Queue;

/// <summary>Attempts that resume where earlier ones were interrupted, on a real database and real files.</summary>
public sealed class SegmentResumeTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    /// <summary>Three segments with a stride of 3: frames 0 to 30, 30 to 60 and 60 to 100.</summary>
    private static readonly (string, string)[] OneAtATime =
        [("Dispatch:SegmentsInFlight", "1"), ("Dispatch:SegmentFrames", "10")];
    private static readonly JobFailure Lost = new(ErrorReason.InferenceUnavailable, "Lost.");
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 1, TimeSpan.Zero));

    [Fact]
    public async Task RunAsync_KilledBetweenAnyTwoSteps_EndsWithTheSameBytesAndLeavesNothing()
    {
        var uninterrupted = await RunUninterruptedAsync();
        var snapshots = new List<(string Step, TemporaryFolder Folder)>();
        var folder = new TemporaryFolder();
        Guid jobId;
        await using (var engine = new JobEngine(
            new ScriptedInference(), _time, folder, storage => new ObservedStorage(storage, TakeSnapshot), OneAtATime))
        {
            jobId = await engine.AddJobAsync(frameStride: 3);
            await engine.RunAsync(jobId);
        }

        // Before and after the commits of plan, 3 segments, document and manifest; then the removals of 3 segments and
        // the plan.
        Assert.Equal(16, snapshots.Count);
        foreach (var (step, snapshot) in snapshots)
        {
            TestContext.Current.SendDiagnosticMessage(step);
            var inference = new ScriptedInference();
            await using (var engine = new JobEngine(inference, _time, snapshot))
            {
                await engine.Recovery.RunAsync(None);
                await engine.RunAsync(jobId);
                await engine.Sweep.RunAsync(None);
                Assert.Equal(uninterrupted, await OutcomeAsync(engine, jobId));
                await AssertOnlyOutcomeRemainsAsync(engine, jobId);
                var isCompleted = step.Contains("removal", StringComparison.Ordinal);
                var resumed = (await engine.ReadAsync(jobId)).Attempts[^1].FramesResumed;
                Assert.Equal(isCompleted ? 0 : 34 - resumed, FramesRequested(inference));
            }

            snapshot.Dispose();
        }

        folder.Dispose();

        void TakeSnapshot(string step)
        {
            var snapshot = new TemporaryFolder();
            CopyFolder(folder.Path, snapshot.Path);
            snapshots.Add((step, snapshot));
        }
    }

    [Fact]
    public async Task RunAsync_SegmentFramesChanged_ResumesWithThePlanOfTheFirstAttempt()
    {
        var uninterrupted = await RunUninterruptedAsync();
        var inference = new ScriptedInference { OnRun = (_, call, _) => Throw(call == 3) };
        using var folder = new TemporaryFolder();
        Guid jobId;
        await using (var engine = new JobEngine(inference, _time, folder, OneAtATime))
        {
            jobId = await engine.AddJobAsync(frameStride: 3);
            await engine.RunAsync(jobId);
        }

        var second = new ScriptedInference();
        await using (var engine = new JobEngine(second, _time, folder, ("Dispatch:SegmentFrames", "7")))
        {
            await engine.RunAsync(jobId);
            Assert.Equal(uninterrupted, await OutcomeAsync(engine, jobId));
            var job = await engine.ReadAsync(jobId);
            Assert.Equal(10, job.SegmentFrames);
            Assert.Equal([0, 20], job.Attempts.Select(attempt => attempt.FramesResumed));
            Assert.Equal("scripted", Assert.Single(job.Devices).Description);
        }

        Assert.Equal([60], second.Requests.Select(request => request.Range.StartFrame));
    }

    [Fact]
    public async Task RunAsync_LaterSegmentFinishedFirst_IsDurableAndNotRunAgain()
    {
        var laterStored = new TaskCompletionSource();
        var inference = new ScriptedInference
        {
            OnRun = async (request, _, cancellationToken) =>
            {
                if (request.Range.StartFrame == 0)
                {
                    await laterStored.Task.WaitAsync(cancellationToken);
                    throw new InferenceFailedException(Lost);
                }
            },
        };
        await using var engine = new JobEngine(
            inference, _time, null, storage => new ObservedStorage(storage, Observe),
            [("Dispatch:SegmentFrames", "60")]);
        var jobId = await engine.AddJobAsync();
        await engine.RunAsync(jobId);
        Assert.Equal(40, (await engine.ReadAsync(jobId)).FramesDone);

        inference.OnRun = (_, _, _) => Task.CompletedTask;
        await engine.RunAsync(jobId);

        Assert.Equal([0, 60, 0], inference.Requests.Select(request => request.Range.StartFrame));
        Assert.Equal(JobStatus.Completed, (await engine.ReadAsync(jobId)).Status);

        void Observe(string step)
        {
            if (step.Contains("after the commit", StringComparison.Ordinal)
                && step.Contains("_segment_0000000060", StringComparison.Ordinal))
            {
                laterStored.SetResult();
            }
        }
    }

    [Theory]
    [InlineData("flip")]
    [InlineData("cut")]
    [InlineData("empty")]
    [InlineData("another segment")]
    public async Task RunAsync_DamagedSegment_IsRunAgain(string damage)
    {
        var uninterrupted = await RunUninterruptedAsync();
        var inference = new ScriptedInference { OnRun = (_, call, _) => Throw(call == 3) };
        await using var engine = new JobEngine(inference, _time, null, OneAtATime);
        var jobId = await engine.AddJobAsync(frameStride: 3);
        await engine.RunAsync(jobId);
        Damage(engine, ArtifactKeys.Segment(jobId, 0, 30), ArtifactKeys.Segment(jobId, 30, 60), damage);

        await engine.RunAsync(jobId);

        Assert.Equal(uninterrupted, await OutcomeAsync(engine, jobId));
        Assert.Equal([0, 30, 60, 0, 60], inference.Requests.Select(request => request.Range.StartFrame));
    }

    [Fact]
    public async Task RunAsync_SegmentDamagedAfterItWasCounted_IsRunAgainForTheDocument()
    {
        var uninterrupted = await RunUninterruptedAsync();
        JobEngine engine = null!;
        var jobId = Guid.Empty;
        var inference = new ScriptedInference
        {
            OnRun = (_, call, _) =>
            {
                if (call == 3)
                {
                    Damage(engine, ArtifactKeys.Segment(jobId, 0, 30), null, "flip");
                }

                return Task.CompletedTask;
            },
        };
        await using (engine = new JobEngine(inference, _time, null, OneAtATime))
        {
            jobId = await engine.AddJobAsync(frameStride: 3);
            await engine.RunAsync(jobId);
            Assert.Equal(uninterrupted, await OutcomeAsync(engine, jobId));
            Assert.Equal([0, 30, 60, 0], inference.Requests.Select(request => request.Range.StartFrame));
            Assert.Equal(34, (await engine.ReadAsync(jobId)).FramesDone);
        }
    }

    [Fact]
    public async Task RunAsync_DamagedPlan_IsMadeAgain()
    {
        var uninterrupted = await RunUninterruptedAsync();
        var inference = new ScriptedInference { OnRun = (_, call, _) => Throw(call == 3) };
        await using var engine = new JobEngine(inference, _time, null, OneAtATime);
        var jobId = await engine.AddJobAsync(frameStride: 3);
        await engine.RunAsync(jobId);
        Damage(engine, ArtifactKeys.Plan(jobId), null, "flip");

        await engine.RunAsync(jobId);

        Assert.Equal(uninterrupted, await OutcomeAsync(engine, jobId));
        await AssertOnlyOutcomeRemainsAsync(engine, jobId);
    }

    [Theory]
    [InlineData(ErrorReason.StageFailed, JobStatus.Failed)]
    [InlineData(ErrorReason.InferenceUnavailable, JobStatus.Pending)]
    public async Task RunAsync_AttemptThatFails_KeepsTheFinishedSegments(ErrorReason reason, JobStatus expected)
    {
        var inference = new ScriptedInference
        {
            OnRun = (_, call, _) => call == 2
                ? throw new InferenceFailedException(new JobFailure(reason, "Failed."))
                : Task.CompletedTask,
        };
        await using var engine = new JobEngine(inference, _time, null, OneAtATime);
        var jobId = await engine.AddJobAsync(frameStride: 3);
        await engine.RunAsync(jobId);

        var job = await engine.ReadAsync(jobId);
        Assert.Equal((expected, 10), (job.Status, job.FramesDone));
        Assert.Equal(
            [ArtifactKeys.Segment(jobId, 0, 30), ArtifactKeys.Plan(jobId)],
            (await engine.Storage.KeysAsync()).Order(StringComparer.Ordinal));

        await engine.Segments.RemoveAllAsync(jobId, CancellationToken.None);
        await engine.Segments.RemoveAllAsync(jobId, CancellationToken.None);
        Assert.Empty(await engine.Storage.KeysAsync());
    }

    [Fact]
    public async Task RunAsync_ResponseLacksAFrame_FailsAndNamesTheSegment()
    {
        var inference = new ScriptedInference
        {
            Change = (request, response) =>
            {
                if (request.Range.StartFrame == 30)
                {
                    response.Results.RemoveAt(0);
                }
            },
        };
        await using var engine = new JobEngine(inference, _time, null, OneAtATime);
        var jobId = await engine.AddJobAsync(frameStride: 3);
        await engine.RunAsync(jobId);

        var job = await engine.ReadAsync(jobId);
        Assert.Equal((JobStatus.Failed, ErrorReason.Internal), (job.Status, job.Failure!.Reason));
        Assert.Contains("frames 30 to 60", job.Failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(ArtifactKeys.Segment(jobId, 30, 60), await engine.Storage.KeysAsync());
    }

    [Fact]
    public async Task RunAsync_SeveralInferenceServices_KeepsTwoSegmentsInFlightAtEach()
    {
        var all = new TaskCompletionSource();
        var running = 0;
        var inference = new ScriptedInference
        {
            ServingCount = 3,
            OnRun = async (_, _, cancellationToken) =>
            {
                if (Interlocked.Increment(ref running) == 6)
                {
                    all.SetResult();
                }

                await all.Task.WaitAsync(cancellationToken);
            },
        };
        await using var engine = new JobEngine(inference, _time, null, ("Dispatch:SegmentFrames", "10"));
        var jobId = await engine.AddJobAsync();
        await engine.RunAsync(jobId);
        Assert.Equal(JobStatus.Completed, (await engine.ReadAsync(jobId)).Status);
    }

    private async Task<(string Document, string Summary)> RunUninterruptedAsync()
    {
        await using var engine = new JobEngine(new ScriptedInference(), _time, null);
        var jobId = await engine.AddJobAsync(frameStride: 3);
        await engine.RunAsync(jobId);
        return await OutcomeAsync(engine, jobId);
    }

    private static async Task<(string Document, string Summary)> OutcomeAsync(JobEngine engine, Guid jobId)
    {
        var job = await engine.ReadAsync(jobId);
        Assert.Equal((JobStatus.Completed, 34, 34), (job.Status, job.FramesDone, job.FramesTotal));
        var document = Encoding.UTF8.GetString(await engine.Storage.ReadAsync(job.OutputPath!));
        return (document, ForegSyteJson.Formatter.Format(job.Summary));
    }

    private static async Task AssertOnlyOutcomeRemainsAsync(JobEngine engine, Guid jobId) => Assert.Equal(
        [StorageCalls.SidecarOf(jobId), ArtifactKeys.Results(jobId)],
        (await engine.Storage.KeysAsync()).Order(StringComparer.Ordinal));

    private static int FramesRequested(ScriptedInference inference) => inference.Requests.Sum(request =>
        SegmentPlan.FramesWithin(request.Range.StartFrame, request.Range.EndFrame, request.FrameStride));

    private static Task Throw(bool now) => now ? throw new InferenceFailedException(Lost) : Task.CompletedTask;

    private static void Damage(JobEngine engine, string key, string? otherKey, string damage)
    {
        var path = engine.Folder.File("video_jobs", key);
        var bytes = File.ReadAllBytes(path);
        if (damage == "another segment")
        {
            File.Copy(engine.Folder.File("video_jobs", otherKey!), path, overwrite: true);
            return;
        }

        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(path, damage switch { "flip" => bytes, "cut" => bytes[..^20], _ => [] });
    }

    private static void CopyFolder(string from, string to)
    {
        foreach (var folder in Directory.GetDirectories(from, "*", SearchOption.AllDirectories))
        {
            Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, folder)));
        }

        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)));
        }
    }
}
