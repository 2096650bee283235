using CsCheck;
using ForegSyte.Inference.V1;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Protocol.Json;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Queue;

/// <summary>Jobs over parts of a video of 100 frames, 10 for each second.</summary>
public sealed class TimeRangeTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly (string, string) FiveFrames = ("Dispatch:SegmentFrames", "5");
    private static readonly (string, string) AnyLoss = ("Segments:MaxLostFrameShare", "1");
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 1, TimeSpan.Zero));

    private static Gen<Sample> Samples =>
        from cuts in Gen.Int[0, 100].Array[2, 6]
        from stride in Gen.Int[1, 3]
        from max in Gen.Int[0, 12]
        from lost in Gen.Int[0, 99].Array[0, 20]
        from crash in Gen.Int[0, 30]
        let parts = cuts.Distinct().Order().Chunk(2).Where(pair => pair.Length == 2)
            .Select(pair => (Start: pair[0], End: pair[1])).ToList()
        where parts.Any(part => SegmentPlan.FramesWithin(part.Start, part.End, stride) > 0)
        select new Sample(parts, stride, max, lost.ToHashSet(), crash);

    [Fact]
    public async Task RunAsync_AnyPartsLossesAndACrash_GivesTheWantedFramesAndTheSameBytes() =>
        await Samples.SampleAsync(
            async sample =>
            {
                using var folder = new TemporaryFolder();
                using var snapshot = new TemporaryFolder();
                var inference = sample.NewInference();
                var steps = 0;
                Guid jobId;
                string whole;
                await using (var engine = new JobEngine(
                    inference, _time, folder, storage => new ObservedStorage(storage, OnStep), [FiveFrames, AnyLoss]))
                {
                    jobId = await engine.AddJobAsync(sample.Stride, sample.Max, choices: sample.Choices);
                    await engine.RunAsync(jobId);
                    whole = await OutcomeAsync(engine, jobId, sample);
                }

                Assert.All(inference.Requests, request => Assert.Contains(
                    sample.Parts,
                    part => part.Start <= request.Range.StartFrame && request.Range.EndFrame <= part.End));
                if (steps > sample.CrashStep)
                {
                    await using var resumed =
                        new JobEngine(sample.NewInference(), _time, snapshot, FiveFrames, AnyLoss);
                    await resumed.Recovery.RunAsync(None);
                    await resumed.RunAsync(jobId);
                    Assert.Equal(whole, await OutcomeAsync(resumed, jobId, sample));
                    await resumed.Sweep.RunAsync(None);
                    Assert.DoesNotContain(
                        await resumed.Storage.KeysAsync(),
                        key => ArtifactKeys.IsInterim(key) && !whole.StartsWith("FAILED", StringComparison.Ordinal));
                }

                void OnStep(string step)
                {
                    if (steps++ == sample.CrashStep)
                    {
                        FolderCopy.Make(folder.Path, snapshot.Path);
                    }
                }
            },
            iter: 25, threads: 1);

    [Fact]
    public async Task RunAsync_GapsBetweenParts_AreNeitherCalledNorDecoded()
    {
        var inference = new ScriptedInference();
        await using var engine = new JobEngine(inference, _time, null, FiveFrames);
        var jobId = await engine.AddJobAsync(choices: Ranges((1, 2), (5, 6), (9, 20)));

        await engine.RunAsync(jobId);

        var job = await engine.ReadAsync(jobId);
        Assert.Equal((JobStatus.Completed, 30, 30), (job.Status, job.FramesTotal, job.FramesDone));
        Assert.Equal(
            new FrameAccounting { Total = 100, Analyzed = 30, Skipped = 70 }, job.Summary!.Frames);
        Assert.Equal(
            [(10, 15, 20), (15, 20, 0), (50, 55, 60), (55, 60, 0), (90, 95, 100), (95, 100, 0)],
            inference.Requests.Select(call => (call.Range.StartFrame, call.Range.EndFrame, call.JobEndFrame)));
    }

    [Fact]
    public async Task RunAsync_Choices_AreSentAsAFilter()
    {
        var choices = Storage.TestJobs.Choices();
        choices.TimeRanges.Clear();
        var inference = new ScriptedInference { PipelineVersion = "v1" };
        await using var engine = new JobEngine(inference, _time);

        await engine.RunAsync(await engine.AddJobAsync(choices: choices));
        await engine.RunAsync(await engine.AddJobAsync(choices: new JobOptions { Zones = { choices.Zones } }));

        Assert.Equal(
            new ResultFilter
            {
                Labels = { choices.Labels },
                MinConfidence = choices.MinConfidence,
                Regions = { choices.Regions },
            },
            inference.Requests[0].Filter);
        Assert.Null(inference.Requests[^1].Filter);
    }

    [Fact]
    public async Task RunAsync_OldInferenceServiceThatIgnoresAFilter_FailsUntilItIsUpdated()
    {
        var choices = new JobOptions { Labels = { "person" } };
        var inference = new ScriptedInference { PipelineVersion = "" };
        await using var engine = new JobEngine(inference, _time);
        var unfiltered = await engine.AddJobAsync();
        var filtered = await engine.AddJobAsync(choices: choices);

        await engine.RunAsync(unfiltered);
        await engine.RunAsync(filtered);

        Assert.Equal(JobStatus.Completed, (await engine.ReadAsync(unfiltered)).Status);
        var job = await engine.ReadAsync(filtered);
        Assert.Equal((ErrorReason.Internal, 0), (job.Attempts[^1].Failure!.Reason, job.FramesDone));
        Assert.Contains("update it, then call RetryJob", job.Attempts[^1].Failure!.Message, StringComparison.Ordinal);

        inference.PipelineVersion = "v1";
        var updated = await engine.AddJobAsync(choices: choices);
        await engine.RunAsync(updated);
        Assert.Equal(JobStatus.Completed, (await engine.ReadAsync(updated)).Status);
    }

    [Fact]
    public async Task RunAsync_RangeBehindTheEnd_FailsTheJobAtOnce()
    {
        var inference = new ScriptedInference();
        await using var engine = new JobEngine(inference, _time);
        var jobId = await engine.AddJobAsync(choices: Ranges((1, 2), (10, 11)));

        Assert.Null(await engine.RunAsync(jobId));

        var job = await engine.ReadAsync(jobId);
        Assert.Equal((JobStatus.Failed, ErrorReason.InvalidFrameRange), (job.Status, job.Failure!.Reason));
        Assert.Contains("the video lasts 10s", job.Failure.Message, StringComparison.Ordinal);
        Assert.Empty(inference.Requests);
    }

    [Fact]
    public async Task RunAsync_FramesPerSecond_KeepsTheFirstStrideInLaterAttempts()
    {
        using var folder = new TemporaryFolder();
        Guid jobId;
        var failing = new ScriptedInference
        {
            OnRun = (_, call, _) => call < 3
                ? Task.CompletedTask
                : throw new InferenceFailedException(InferenceFailures.Lost),
        };
        await using (var engine = new JobEngine(failing, _time, folder, FiveFrames, ("Dispatch:SegmentsInFlight", "1")))
        {
            jobId = await engine.AddJobAsync(choices: new JobOptions { FramesPerSecond = 5 });
            Assert.NotNull(await engine.RunAsync(jobId));
            Assert.Equal((2, JobStatus.Pending), await StateAsync(engine));
        }

        _time.Advance(TimeSpan.FromHours(1));
        var probedOtherwise = new ScriptedInference { FrameRate = 30 };
        await using (var engine = new JobEngine(probedOtherwise, _time, folder, FiveFrames))
        {
            await engine.RunAsync(jobId);
            Assert.Equal((2, JobStatus.Completed), await StateAsync(engine));
            Assert.Equal(50, (await engine.ReadAsync(jobId)).FramesDone);
            var shown = JobMessage.From(await engine.ReadAsync(jobId)).Options;
            Assert.Equal(new JobOptions { FramesPerSecond = 5 }, shown);
        }

        async Task<(int, JobStatus)> StateAsync(JobEngine engine)
        {
            var job = await engine.ReadAsync(jobId);
            return (job.FrameStride, job.Status);
        }
    }

    [Fact]
    public async Task Pages_OfARunningJob_PassOverGaps()
    {
        var reached = new TaskCompletionSource();
        var released = new TaskCompletionSource();
        var inference = new ScriptedInference
        {
            OnRun = async (request, _, _) =>
            {
                if (request.Range.StartFrame >= 90)
                {
                    reached.TrySetResult();
                    await released.Task;
                }
            },
        };
        await using var engine = new JobEngine(inference, _time, null, ("Dispatch:SegmentsInFlight", "1"));
        var jobId = await engine.AddJobAsync(choices: Ranges((1, 2), (5, 6), (9, 10)));
        var run = engine.RunAsync(jobId);
        await engine.WaitAsync(reached.Task, "the last part", jobId);

        var page = await engine.Pages.ReadAsync(new GetJobResultsRequest { JobId = jobId.ToString() }, None);

        Assert.Equal(Enumerable.Range(10, 10).Concat(Enumerable.Range(50, 10)), page.Results.Select(Index));
        Assert.Equal((90, false), (page.EndFrame, page.Complete));
        released.SetResult();
        await run;
        var rest = await engine.Pages.ReadAsync(
            new GetJobResultsRequest { JobId = jobId.ToString(), PageToken = page.NextPageToken }, None);
        Assert.Equal(Enumerable.Range(90, 10), rest.Results.Select(Index));

        static int Index(FrameResult frame) => frame.FrameIndex;
    }

    private static JobOptions Ranges(params (double Start, double End)[] ranges) => new()
    {
        TimeRanges =
        {
            ranges.Select(range => new TimeRange
            {
                Start = TimeSpan.FromSeconds(range.Start).ToDuration(),
                End = TimeSpan.FromSeconds(range.End).ToDuration(),
            }),
        },
    };

    private static async Task<string> OutcomeAsync(JobEngine engine, Guid jobId, Sample sample)
    {
        var job = await engine.ReadAsync(jobId);
        if (job.Status == JobStatus.Failed)
        {
            Assert.Empty(sample.Expected());
            return "FAILED " + job.Failure!.Message;
        }

        Assert.Equal((JobStatus.Completed, sample.Expected().Count), (job.Status, job.FramesDone));
        await using var document = await ResultsDocumentReader.OpenAsync(engine.Storage, job.OutputPath!, None);
        var frames = (await document.ReadPageAsync(0, 1 << 20, None)).Frames;
        Assert.Equal(sample.Expected(), frames.Select(frame => frame.FrameIndex));
        var counts = job.Summary!.Frames;
        Assert.Equal((100, 100), (counts.Total, counts.Analyzed + counts.Failed + counts.Skipped));
        return System.Text.Encoding.UTF8.GetString(await engine.Storage.ReadAsync(job.OutputPath!))
            + ForegSyteJson.Formatter.Format(job.Summary) + string.Join(',', job.Warnings);
    }

    private sealed record Sample(
        IReadOnlyList<(int Start, int End)> Parts, int Stride, int Max, IReadOnlySet<int> Lost, int CrashStep)
    {
        public JobOptions Choices => Ranges([.. Parts.Select(part => (part.Start / 10d, part.End / 10d))]);

        public ScriptedInference NewInference() => new() { IsLost = Lost.Contains };

        public List<int> Expected() =>
        [
            .. Enumerable.Range(0, 100)
                .Where(frame => frame % Stride == 0 && !Lost.Contains(frame)
                    && Parts.Any(part => part.Start <= frame && frame < part.End))
                .Take(Max == 0 ? int.MaxValue : Max),
        ];
    }
}
