using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Queue;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Queue;

/// <summary>A segment that ends its decoder or its InferenceService ends its job, and no other one.</summary>
public sealed class PoisonSegmentTests
{
    private static readonly (string, string)[] Segments = [("Dispatch:SegmentFrames", "10")];

    private static readonly JobFailure DecoderLost = new(ErrorReason.DecoderLost, "The decoder was lost.");

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 1, TimeSpan.Zero));

    [Theory]
    [InlineData(ErrorReason.DecoderLost)]
    [InlineData(ErrorReason.InferenceUnavailable)]
    public async Task RunAsync_TheSameSegmentIsLostAgain_FailsAtTheLimit(ErrorReason reason)
    {
        var inference = new ScriptedInference
        {
            OnRun = (request, _, _) => request.Range.StartFrame == 50
                ? throw new InferenceFailedException(
                    reason == ErrorReason.DecoderLost ? DecoderLost : InferenceFailures.Lost)
                : Task.CompletedTask,
        };
        await using var engine = new JobEngine(inference, _time, null, Segments);
        var jobId = await engine.AddJobAsync();

        Assert.NotNull(await engine.RunAsync(jobId));
        Assert.NotNull(await engine.RunAsync(jobId));
        Assert.Null(await engine.RunAsync(jobId));

        var job = await engine.ReadAsync(jobId);
        Assert.Equal((JobStatus.Failed, 3, false), (job.Status, job.Attempts.Count, job.Attempts[^1].Retryable));
        Assert.Equal(reason, job.Failure!.Reason);
        Assert.Contains("frames 50 to 59", job.Failure.Message, StringComparison.Ordinal);
        Assert.Contains("Retry:MaxLostSegmentRuns", job.Failure.Message, StringComparison.Ordinal);
        inference.OnRun = (_, _, _) => Task.CompletedTask;
        await engine.RunAnotherJobAsync();
    }

    [Fact]
    public async Task RunAsync_OtherSegmentsAreLost_AreNotAddedUp()
    {
        var lost = new HashSet<int>();
        var inference = new ScriptedInference
        {
            OnRun = (request, _, _) => lost.Add(request.Range.StartFrame) && request.Range.StartFrame is 0 or 40 or 80
                ? throw new InferenceFailedException(InferenceFailures.Lost)
                : Task.CompletedTask,
        };
        await using var engine = new JobEngine(
            inference, _time, null, [.. Segments, ("Dispatch:SegmentsInFlight", "1")]);
        var jobId = await engine.AddJobAsync();

        for (var attempt = 1; attempt <= 3; attempt++)
        {
            Assert.NotNull(await engine.RunAsync(jobId));
        }

        Assert.Null(await engine.RunAsync(jobId));
        Assert.Equal(JobStatus.Completed, (await engine.ReadAsync(jobId)).Status);
    }

    /// <summary>Every call in flight is lost together with the InferenceService, whoever caused it.</summary>
    [Fact]
    public async Task RunAsync_AnotherJobEndsTheService_TheBystanderCompletes()
    {
        var (poison, bystander) = (Guid.Empty, Guid.Empty);
        var round = new Round();
        var inference = new ScriptedInference
        {
            FrameCount = 10,
            OnRun = (request, _, _) =>
                request.JobId == poison.ToString() ? round.EndServiceAsync(isTogether: request.Attempt == 1)
                : request.Attempt == 1 ? round.BeLostAsync()
                : Task.CompletedTask,
        };
        await using var engine = new JobEngine(inference, _time, null, Segments);
        (poison, bystander) = (await engine.AddJobAsync(), await engine.AddJobAsync());
        await Task.WhenAll(engine.RunAsync(poison), engine.RunAsync(bystander));
        Assert.Equal(
            [SegmentLoss.Shared, SegmentLoss.Shared], [.. await LossesOf(poison), .. await LossesOf(bystander)]);

        await Task.WhenAll(engine.RunAsync(poison), engine.RunAsync(bystander));
        await engine.RunAsync(poison);
        await engine.RunAsync(poison);

        Assert.Equal(JobStatus.Completed, (await engine.ReadAsync(bystander)).Status);
        var job = await engine.ReadAsync(poison);
        Assert.Equal((JobStatus.Failed, 4), (job.Status, job.Attempts.Count));
        Assert.Contains("3 runs of the frames 0 to 9", job.Failure!.Message, StringComparison.Ordinal);

        async Task<IEnumerable<SegmentLoss>> LossesOf(Guid jobId) =>
            (await engine.Store.ListFailedSegmentsAsync(jobId, CancellationToken.None)).Select(run => run.Loss);
    }

    /// <summary>A new job is no suspect, so it can run beside one and end the InferenceService again.</summary>
    [Fact]
    public async Task RunAsync_NewJobsEndTheServiceAgainAndAgain_TheBystanderIsNotBlamed()
    {
        var bystander = Guid.Empty;
        Round? round = null;
        var inference = new ScriptedInference
        {
            FrameCount = 10,
            OnRun = (request, _, _) => round is null ? Task.CompletedTask
                : request.JobId == bystander.ToString() ? round.BeLostAsync()
                : round.EndServiceAsync(isTogether: true),
        };
        await using var engine = new JobEngine(inference, _time, null, [.. Segments, ("Retry:MaxAttempts", "10")]);
        bystander = await engine.AddJobAsync();
        for (var number = 1; number <= 4; number++)
        {
            round = new Round();
            var poison = await engine.AddJobAsync();
            await Task.WhenAll(engine.RunAsync(poison), engine.RunAsync(bystander));
            Assert.Equal(JobStatus.Pending, (await engine.ReadAsync(bystander)).Status);
        }

        round = null;
        await engine.RunAsync(bystander);

        Assert.Equal(JobStatus.Completed, (await engine.ReadAsync(bystander)).Status);
    }

    /// <summary>Two jobs that lost the same InferenceService run apart, so that the next loss has one cause.</summary>
    [Fact]
    public async Task RunAsync_AfterALoss_OnlyOneSuspectRunsAtATime()
    {
        var (entered, held) = (new TaskCompletionSource(), new TaskCompletionSource());
        var second = 0;
        var inference = new ScriptedInference
        {
            FrameCount = 10,
            OnRun = async (request, call, _) =>
            {
                if (call <= 2)
                {
                    throw new InferenceFailedException(InferenceFailures.Lost);
                }

                if (request.Attempt == 2)
                {
                    Interlocked.Increment(ref second);
                    entered.TrySetResult();
                    await held.Task;
                }
            },
        };
        await using var engine = new JobEngine(inference, _time, null, Segments);
        Guid[] jobs = [await engine.AddJobAsync(), await engine.AddJobAsync()];
        await Task.WhenAll(jobs.Select(engine.RunAsync));
        var runs = engine.Services.GetRequiredService<SegmentRuns>();

        var both = Task.WhenAll(jobs.Select(engine.RunAsync));
        await engine.WaitAsync(entered.Task, "the first suspect", jobs[0]);
        await Wait.UntilAsync(
            () => jobs.All(jobId => runs.Of(jobId).Any(run => run.Attempt == 2)), "both suspects have a place");
        await engine.RunAnotherJobAsync();

        Assert.Equal(1, Volatile.Read(ref second));
        held.SetResult();
        await both;
        foreach (var jobId in jobs)
        {
            Assert.Equal(JobStatus.Completed, (await engine.ReadAsync(jobId)).Status);
        }
    }

    [Fact]
    public async Task RunAsync_AfterLostDecoders_JobsDoNotWaitForEachOther()
    {
        var (entered, held) = (new TaskCompletionSource(), new TaskCompletionSource());
        var first = Guid.Empty;
        var inference = new ScriptedInference
        {
            FrameCount = 10,
            OnRun = async (request, _, _) =>
            {
                if (request.Attempt == 1)
                {
                    throw new InferenceFailedException(DecoderLost);
                }

                if (request.JobId == first.ToString())
                {
                    entered.TrySetResult();
                    await held.Task;
                }
            },
        };
        await using var engine = new JobEngine(inference, _time, null, Segments);
        first = await engine.AddJobAsync();
        var other = await engine.AddJobAsync();
        await Task.WhenAll(engine.RunAsync(first), engine.RunAsync(other));
        var run = engine.RunAsync(first);
        await engine.WaitAsync(entered.Task, "the first job", first);

        await engine.RunAsync(other);

        Assert.Equal(JobStatus.Completed, (await engine.ReadAsync(other)).Status);
        held.SetResult();
        await run;
    }

    [Fact]
    public async Task RunAsync_ASuspectFindsAllBusy_LetsAnotherOneRun()
    {
        var refused = new TaskCompletionSource();
        var first = Guid.Empty;
        var inference = new ScriptedInference
        {
            FrameCount = 10,
            OnRun = (request, _, _) =>
            {
                if (request.Attempt == 1)
                {
                    throw new InferenceFailedException(InferenceFailures.Lost);
                }

                if (request.JobId == first.ToString())
                {
                    refused.TrySetResult();
                    throw new InferenceFailedException(new JobFailure(ErrorReason.InferenceBusy, "Busy."));
                }

                return Task.CompletedTask;
            },
        };
        await using var engine = new JobEngine(inference, _time, null, Segments);
        first = await engine.AddJobAsync();
        var other = await engine.AddJobAsync();
        await Task.WhenAll(engine.RunAsync(first), engine.RunAsync(other));
        using var stop = new CancellationTokenSource();
        var run = engine.RunUntilStoppedAsync(first, stop.Token);
        await engine.WaitAsync(refused.Task, "the first job", first);

        await engine.RunAsync(other);

        Assert.Equal(JobStatus.Completed, (await engine.ReadAsync(other)).Status);
        await stop.CancelAsync();
        await run;
    }

    [Fact]
    public async Task RunAsync_NoInferenceServiceServes_IsNotBlamedOnTheSegment()
    {
        var inference = new NoInstance();
        await using var engine = new JobEngine(inference, _time, null, storage => storage, Segments);
        var jobId = await engine.AddJobAsync();
        for (var attempt = 1; attempt <= 5; attempt++)
        {
            await engine.RunAsync(jobId);
        }

        var job = await engine.ReadAsync(jobId);
        Assert.Equal((JobStatus.Failed, 5), (job.Status, job.Attempts.Count));
        Assert.DoesNotContain("MaxLostSegmentRuns", job.Failure!.Message, StringComparison.Ordinal);
    }

    /// <summary>A segment that ends the InferenceService while it has the segment of another job.</summary>
    private sealed class Round
    {
        private readonly TaskCompletionSource _together = new();
        private readonly TaskCompletionSource _death = new();

        public async Task EndServiceAsync(bool isTogether)
        {
            await (isTogether ? _together.Task : Task.CompletedTask);
            _death.TrySetResult();
            throw new InferenceFailedException(InferenceFailures.Lost);
        }

        public async Task BeLostAsync()
        {
            _together.TrySetResult();
            await _death.Task;
            throw new InferenceFailedException(InferenceFailures.Lost);
        }
    }

    /// <summary>Answers probes; no call of a segment finds an instance.</summary>
    private sealed class NoInstance : IInferenceClient
    {
        private readonly ScriptedInference _probes = new() { FrameCount = 10 };

        public int ServingCount => 1;

        public int KnownCount => 1;

        public IReadOnlyList<Device> Devices => [];

        public Task WaitUntilServingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<ForegSyte.Inference.V1.ProbeVideoResponse> ProbeAsync(
            ForegSyte.Inference.V1.ProbeVideoRequest request, CancellationToken cancellationToken) =>
            _probes.ProbeAsync(request, cancellationToken);

        public Task<ForegSyte.Inference.V1.GetFrameResponse> GetFrameAsync(
            ForegSyte.Inference.V1.GetFrameRequest request, CancellationToken cancellationToken) =>
            throw new InferenceFailedException(InferenceFailures.NoneServes);

        public Task<ForegSyte.Inference.V1.AnnotateVideoResponse> AnnotateAsync(
            ForegSyte.Inference.V1.AnnotateVideoRequest request, CancellationToken cancellationToken) =>
            throw new InferenceFailedException(InferenceFailures.NoneServes);

        public Task<ForegSyte.Inference.V1.RunPipelineResponse> RunAsync(
            ForegSyte.Inference.V1.RunPipelineRequest request, Action<Uri> onInstance,
            CancellationToken cancellationToken) =>
            throw new InferenceFailedException(InferenceFailures.NoneServes);
    }
}
