using ForegSyte.Jobs.Inference;
using ForegSyte.V1;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Queue;

/// <summary>A segment that ends its decoder or its InferenceService ends its job, and no other one.</summary>
public sealed class PoisonSegmentTests
{
    private static readonly (string, string)[] Segments = [("Dispatch:SegmentFrames", "10")];

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 1, TimeSpan.Zero));

    [Theory]
    [InlineData(ErrorReason.DecoderLost)]
    [InlineData(ErrorReason.InferenceUnavailable)]
    public async Task RunAsync_TheSameSegmentIsLostAgain_FailsAtTheLimit(ErrorReason reason)
    {
        var inference = new ScriptedInference
        {
            OnRun = (request, _, _) => request.Range.StartFrame == 50
                ? throw new InferenceFailedException(new JobFailure(reason, "Lost."))
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
        var together = new TaskCompletionSource();
        var death = new TaskCompletionSource();
        var isFirst = true;
        var inference = new ScriptedInference
        {
            FrameCount = 10,
            OnRun = async (request, _, _) =>
            {
                if (request.JobId == poison.ToString())
                {
                    await (isFirst ? together.Task : Task.CompletedTask);
                    death.TrySetResult();
                    throw new InferenceFailedException(InferenceFailures.Lost);
                }

                if (isFirst)
                {
                    together.TrySetResult();
                    await death.Task;
                    throw new InferenceFailedException(InferenceFailures.Lost);
                }
            },
        };
        await using var engine = new JobEngine(inference, _time, null, Segments);
        (poison, bystander) = (await engine.AddJobAsync(), await engine.AddJobAsync());
        await Task.WhenAll(engine.RunAsync(poison), engine.RunAsync(bystander));
        isFirst = false;

        await Task.WhenAll(engine.RunAsync(poison), engine.RunAsync(bystander));
        await engine.RunAsync(poison);

        Assert.Equal(JobStatus.Completed, (await engine.ReadAsync(bystander)).Status);
        Assert.Equal(JobStatus.Failed, (await engine.ReadAsync(poison)).Status);
    }

    /// <summary>Two jobs that lost the same InferenceService run apart, so that the next loss has one cause.</summary>
    [Fact]
    public async Task RunAsync_AfterALoss_OnlyOneSuspectRunsAtATime()
    {
        var (running, most, calls) = (0, 0, 0);
        var inference = new ScriptedInference
        {
            FrameCount = 10,
            OnRun = async (_, _, _) =>
            {
                if (Interlocked.Increment(ref calls) <= 2)
                {
                    throw new InferenceFailedException(InferenceFailures.Lost);
                }

                most = Math.Max(most, Interlocked.Increment(ref running));
                await Task.Yield();
                Interlocked.Decrement(ref running);
            },
        };
        await using var engine = new JobEngine(inference, _time, null, Segments);
        Guid[] jobs = [await engine.AddJobAsync(), await engine.AddJobAsync()];
        await Task.WhenAll(jobs.Select(engine.RunAsync));

        await Task.WhenAll(jobs.Select(engine.RunAsync));

        Assert.Equal(1, most);
        foreach (var jobId in jobs)
        {
            Assert.Equal(JobStatus.Completed, (await engine.ReadAsync(jobId)).Status);
        }
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

    /// <summary>Answers probes; no call of a segment finds an instance.</summary>
    private sealed class NoInstance : IInferenceClient
    {
        private readonly ScriptedInference _probes = new() { FrameCount = 10 };

        public int ServingCount => 1;

        public int KnownCount => 1;

        public Task WaitUntilServingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<ForegSyte.Inference.V1.ProbeVideoResponse> ProbeAsync(
            Uri video, CancellationToken cancellationToken) => _probes.ProbeAsync(video, cancellationToken);

        public Task<ForegSyte.Inference.V1.RunPipelineResponse> RunAsync(
            ForegSyte.Inference.V1.RunPipelineRequest request, Action<Uri> onInstance,
            CancellationToken cancellationToken) =>
            throw new InferenceFailedException(InferenceFailures.NoneServes);
    }
}
