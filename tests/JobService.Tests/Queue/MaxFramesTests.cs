using System.Text;
using CsCheck;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Protocol.Json;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Queue;

/// <summary>max_frames counts analyzed frames: lost ones are replaced by later ones.</summary>
public sealed class MaxFramesTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly (string, string) AnyLoss = ("Segments:MaxLostFrameShare", "1");
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 1, TimeSpan.Zero));

    /// <summary>A video, a job, the frames lost at first and after RetryJob, and the step of a crash.</summary>
    private static readonly Gen<Sample> Samples =
        from frames in Gen.Int[1, 60]
        from stride in Gen.Int[1, 3]
        from max in Gen.Int[1, 15]
        from segment in Gen.Int[1, 6]
        from density in Gen.Int[0, 9]
        from lost in Gen.Int[0, 9].Array[60]
        from recovered in Gen.Bool.Array[60]
        from crash in Gen.Int[0, 40]
        select new Sample(
            frames, stride, max, segment,
            [.. lost.Take(frames).Index().Where(item => item.Item < density).Select(item => item.Index)],
            [.. lost.Take(frames).Index()
                .Where(item => item.Item < density && !recovered[item.Index])
                .Select(item => item.Index)],
            crash);

    [Fact]
    public async Task RunAsync_AnyLossesAndACrash_AnalyzesTheFirstFramesThatDecode() => await Samples.SampleAsync(
        async sample =>
        {
            var expected = sample.Expected(sample.Lost);
            var (whole, requests) = await RunUninterruptedAsync(sample);
            Assert.Equal(expected, whole.Frames);
            Assert.InRange(requests, 0, expected.Count + sample.Lost.Count);

            using var folder = new TemporaryFolder();
            using var snapshot = new TemporaryFolder();
            var (jobId, steps) = (Guid.Empty, 0);
            JobEngine engine = null!;
            await using (engine = new JobEngine(
                sample.NewInference(sample.Lost), _time, folder, storage => new ObservedStorage(storage, OnStepAsync),
                sample.Settings(AnyLoss)))
            {
                jobId = await engine.AddJobAsync(sample.Stride, sample.MaxFrames);
                await engine.RunAsync(jobId);
                Assert.Equal(whole, await OutcomeAsync(engine, jobId));
            }

            if (steps > sample.CrashStep)
            {
                await using var resumed = new JobEngine(
                    sample.NewInference(sample.Lost), _time, snapshot, sample.Settings(AnyLoss));
                await resumed.Recovery.RunAsync(None);
                await resumed.RunAsync(jobId);
                Assert.Equal(whole, await OutcomeAsync(resumed, jobId));
                await AssertNothingIsLeftAsync(resumed, jobId);
            }

            async Task OnStepAsync(string step)
            {
                await AssertNotTooManyAsync(engine, jobId, sample);
                if (steps++ == sample.CrashStep)
                {
                    FolderCopy.Make(folder.Path, snapshot.Path);
                }
            }
        },
        iter: 15, threads: 1);

    [Fact]
    public async Task RetryAsync_RecoveredFramesInTheStart_ReplaceTheExtension() => await Samples.SampleAsync(
        async sample =>
        {
            using var folder = new TemporaryFolder();
            Guid jobId;
            await using (var engine = new JobEngine(
                sample.NewInference(sample.Lost), _time, folder,
                storage => new ObservedStorage(storage, FailAtTheResults), sample.Settings(AnyLoss)))
            {
                jobId = await engine.AddJobAsync(sample.Stride, sample.MaxFrames);
                await engine.PutVideoAsync(jobId);
                await engine.RunAsync(jobId);
                Assert.Equal(JobStatus.Failed, (await engine.ReadAsync(jobId)).Status);
            }

            JobEngine retried = null!;
            var isRunning = false;
            await using (retried = new JobEngine(
                sample.NewInference(sample.StillLost), _time, folder,
                storage => new ObservedStorage(storage, async _ =>
                {
                    if (isRunning)
                    {
                        await AssertNotTooManyAsync(retried, jobId, sample);
                    }
                }),
                sample.Settings(AnyLoss)))
            {
                await retried.Control.RetryAsync(jobId, _ => { }, None);
                isRunning = true;
                await retried.RunAsync(jobId);
                var outcome = await OutcomeAsync(retried, jobId);
                isRunning = false;
                Assert.Equal(sample.Expected(sample.StillLost), outcome.Frames);
                await AssertNothingIsLeftAsync(retried, jobId);
            }
        },
        iter: 15, threads: 1);

    private static void FailAtTheResults(string step)
    {
        if (step.Contains("_results.json", StringComparison.Ordinal))
        {
            throw new InferenceFailedException(new JobFailure(ErrorReason.StageFailed, "Failed."));
        }
    }

    [Fact]
    public async Task RunAsync_TheRestOfTheVideoIsLost_EndsWithTheVideo()
    {
        var inference = new ScriptedInference { FrameCount = 50, IsLost = frame => frame >= 8 };
        await using var engine = new JobEngine(inference, _time, null, ("Dispatch:SegmentFrames", "5"), AnyLoss);
        var jobId = await engine.AddJobAsync(maxFrames: 10);
        await engine.RunAsync(jobId);

        var job = await engine.ReadAsync(jobId);
        Assert.Equal((JobStatus.Completed, 8), (job.Status, job.FramesDone));
        Assert.Equal((50, 8, 42, 0), Counts(job));
        Assert.Equal(42, job.Warnings.CountOf(WarningReason.FramesLost));
    }

    [Fact]
    public async Task RunAsync_MoreLostThanTheJobCanLose_PlansNoMoreFrames()
    {
        var inference = new ScriptedInference { FrameCount = 1_000, IsLost = frame => frame >= 4 };
        await using var engine = new JobEngine(inference, _time);
        var jobId = await engine.AddJobAsync(maxFrames: 10);
        await engine.RunAsync(jobId);

        Assert.Equal(JobStatus.Failed, (await engine.ReadAsync(jobId)).Status);
        Assert.Equal(16, inference.Requests[^1].Range.EndFrame);
    }

    private static (int Total, int Analyzed, int Failed, int Skipped) Counts(JobRecord job)
    {
        var frames = job.Summary!.Frames;
        return (frames.Total, frames.Analyzed, frames.Failed, frames.Skipped);
    }

    private async Task<(Outcome Outcome, int Requests)> RunUninterruptedAsync(Sample sample)
    {
        var inference = sample.NewInference(sample.Lost);
        await using var engine = new JobEngine(inference, _time, null, sample.Settings(AnyLoss));
        var jobId = await engine.AddJobAsync(sample.Stride, sample.MaxFrames);
        await engine.RunAsync(jobId);
        return (await OutcomeAsync(engine, jobId), inference.Requests.Count);
    }

    /// <summary>A completed job has no segments; a failed one has those of its plan.</summary>
    private static async Task AssertNothingIsLeftAsync(JobEngine engine, Guid jobId)
    {
        await engine.Sweep.RunAsync(None);
        var planned = (await engine.Segments.ReadPlanAsync(jobId, None) ?? [])
            .Select(segment => ArtifactKeys.Segment(jobId, segment.StartFrame, segment.EndFrame))
            .Append(ArtifactKeys.Plan(jobId))
            .Order();
        var isFailed = (await engine.ReadAsync(jobId)).Status == JobStatus.Failed;
        Assert.Equal(isFailed ? planned : [], (await engine.Storage.KeysAsync()).Where(ArtifactKeys.IsInterim).Order());
    }

    private static async Task AssertNotTooManyAsync(JobEngine? engine, Guid jobId, Sample sample)
    {
        if (engine is null || jobId == Guid.Empty || await engine.Segments.FindAsync(jobId, None) is not { } known)
        {
            return;
        }

        var results = 0;
        for (var number = 0; number < known.PrefixCount; number++)
        {
            var segment = await engine.Segments.ReadAsync(jobId, known[number], sample.Stride, None);
            results += segment?.Results.Count ?? 0;
        }

        Assert.InRange(results, 0, sample.MaxFrames);
    }

    private static async Task<Outcome> OutcomeAsync(JobEngine engine, Guid jobId)
    {
        var job = await engine.ReadAsync(jobId);
        if (job.Status == JobStatus.Failed)
        {
            Assert.Equal(ErrorReason.UndecodableVideo, job.Failure!.Reason);
            return new Outcome([], job.Failure.Message, $"{job.Warnings.CountOf(WarningReason.FramesLost)}");
        }

        Assert.Equal(JobStatus.Completed, job.Status);
        await using var document = await ResultsDocumentReader.OpenAsync(engine.Storage, job.OutputPath!, None);
        var frames = (await document.ReadPageAsync(0, 1 << 20, None)).Frames;
        return new Outcome(
            [.. frames.Select(frame => frame.FrameIndex)],
            Encoding.UTF8.GetString(await engine.Storage.ReadAsync(job.OutputPath!)),
            ForegSyteJson.Formatter.Format(job.Summary) + string.Join(',', job.Warnings));
    }

    private sealed record Outcome(IReadOnlyList<int> Frames, string Document, string Summary)
    {
        public bool Equals(Outcome? other) => other is not null && Frames.SequenceEqual(other.Frames)
            && Document == other.Document && Summary == other.Summary;

        public override int GetHashCode() => Document.GetHashCode(StringComparison.Ordinal);
    }

    private sealed record Sample(
        int FrameCount, int Stride, int MaxFrames, int SegmentFrames, HashSet<int> Lost, HashSet<int> StillLost,
        int CrashStep)
    {
        public ScriptedInference NewInference(HashSet<int> lost) =>
            new() { FrameCount = FrameCount, IsLost = lost.Contains };

        public (string, string)[] Settings((string, string) loss) =>
            [("Dispatch:SegmentFrames", FormattableString.Invariant($"{SegmentFrames}")), loss];

        /// <summary>The first frames that decode.</summary>
        public IReadOnlyList<int> Expected(HashSet<int> lost) =>
        [
            .. Enumerable.Range(0, FrameCount)
                .Where(frame => frame % Stride == 0 && !lost.Contains(frame))
                .Take(MaxFrames),
        ];
    }
}
