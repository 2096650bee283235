using ForegSyte.Inference.V1;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Inference;

public sealed class InferencePoolTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);
    private readonly List<Uri> _called = [];
    private readonly ScriptedInstance _first = new("http://first:1");
    private readonly ScriptedInstance _second = new("http://second:1");
    private readonly PipelineDirectory _pipelines = new(Path.Combine(RepositoryFiles.Data, "pipelines"));
    private readonly InferencePool _pool;

    public InferencePoolTests() => _pool = new InferencePool(
        [_first, _second],
        _pipelines,
        Options.Create(new InferenceOptions { HealthInterval = TimeSpan.FromMilliseconds(1) }),
        TimeProvider.System,
        NullLogger<InferencePool>.Instance);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await _pool.StartAsync(Token);

    public async ValueTask DisposeAsync()
    {
        await _pool.StopAsync(CancellationToken.None);
        _pool.Dispose();
    }

    [Fact]
    public async Task WaitUntilServing_OnlyOneServes_Returns()
    {
        var wait = _pool.WaitUntilServingAsync(Token);
        _first.Become(InstanceHealth.Lost);
        _first.Become(InstanceHealth.NotServing);
        Assert.False(wait.IsCompleted, "The wait ended although no instance serves.");
        _second.Become(InstanceHealth.Serving);
        await WithinAsync(wait, "the wait for a serving instance to end");
    }

    [Fact]
    public async Task Check_OfAServingInstance_LearnsVersionsAndLabels()
    {
        _first.Pipelines = [new Pipeline { Id = "detect_only", Version = "1", Labels = { "person" } }];
        _second.Pipelines = [new Pipeline { Id = "detect_only", Version = "2" }];
        Assert.Null(_pipelines.VersionOf("detect_only"));

        _first.Become(InstanceHealth.Serving);
        await UntilAsync(() => _pipelines.VersionOf("detect_only") == "1", "the version of the first instance");
        Assert.Equal(["person"], _pipelines.LabelsOf("detect_only"));

        _second.Become(InstanceHealth.Serving);
        await UntilAsync(() => _pipelines.VersionOf("detect_only") is null, "no version, because two differ");

        _first.Become(InstanceHealth.NotServing);
        await UntilAsync(() => _pipelines.VersionOf("detect_only") == "2", "the version of the other instance");
    }

    [Fact]
    public async Task RunAsync_PipelineOfOneInstance_GoesThereAndWaitsForIt()
    {
        _first.Pipelines = [new Pipeline { Id = "detect_only", Version = "1" }];
        _second.Pipelines = [.. _first.Pipelines, new Pipeline { Id = "own", Version = "1" }];
        _first.Become(InstanceHealth.Serving);
        _second.Become(InstanceHealth.Serving);
        await UntilAsync(() => _pipelines.Contains("own"), "the pipeline of the second instance");
        await UntilAsync(() => _pipelines.Lacks(_first.Address, "own"), "the pipelines of the first instance");
        var request = RequestFor(0);
        request.PipelineId = "own";

        await _pool.RunAsync(request, _called.Add, Token);
        Assert.Equal([_second.Address], _called);

        // The first one would refuse the job for good.
        _second.Become(InstanceHealth.NotServing);
        await UntilAsync(() => _pool.ServingCount == 1, "only the first instance serves");
        var failed = await Assert.ThrowsAsync<InferenceFailedException>(
            () => _pool.RunAsync(request, _called.Add, Token));
        Assert.Equal(ErrorReason.InferenceUnavailable, failed.Failure.Reason);
    }

    [Fact]
    public async Task Devices_AreThoseOfTheInstancesThatServe()
    {
        await ServeBothAsync();
        await UntilAsync(() => _pool.Devices.Count == 2, "both devices");
        Assert.Equal(
            [$"device of {_first.Address.Host}", $"device of {_second.Address.Host}"],
            _pool.Devices.Select(device => device.Description));

        _first.Become(InstanceHealth.NotServing);
        await UntilAsync(() => _pool.Devices.Count == 1, "the device of the other instance");
    }

    [Fact]
    public async Task RunAsync_NoneServes_IsUnavailable()
    {
        var failed = await Assert.ThrowsAsync<InferenceFailedException>(() => RunAsync(0));
        Assert.Equal(ErrorReason.InferenceUnavailable, failed.Failure.Reason);
        Assert.DoesNotContain("first", failed.Failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_OnlyInstanceHangs_FailsWithoutItsAddress()
    {
        _first.Become(InstanceHealth.Serving);
        await UntilServingAsync(1);
        var begun = new TaskCompletionSource();
        _first.Inference.OnRun = async (_, _, cancellationToken) =>
        {
            begun.SetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
        };
        var call = RunAsync(0);
        await WithinAsync(begun.Task, "the call to begin");

        _first.Become(InstanceHealth.Lost);

        var failed = await Assert.ThrowsAsync<InferenceFailedException>(() => call);
        Assert.Equal(ErrorReason.InferenceUnavailable, failed.Failure.Reason);
        Assert.DoesNotContain("first", failed.Failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_BothServe_GoesToTheOneWithTheFewestCallsInFlight()
    {
        await ServeBothAsync();
        var release = new TaskCompletionSource();
        _first.Inference.OnRun = (_, _, _) => release.Task;
        _second.Inference.OnRun = (_, _, _) => release.Task;
        var calls = Enumerable.Range(0, 6).Select(RunAsync).ToList();
        Assert.Equal((3, 3), (_first.Inference.Requests.Count, _second.Inference.Requests.Count));
        release.SetResult();
        await Task.WhenAll(calls);
    }

    [Theory]
    [InlineData(ErrorReason.InferenceUnavailable)]
    [InlineData(ErrorReason.DecoderLost)]
    [InlineData(ErrorReason.ShuttingDown)]
    [InlineData(ErrorReason.DecoderUnavailable)]
    [InlineData(ErrorReason.SourceNotAllowed)]
    [InlineData(ErrorReason.SourceNotFound)]
    [InlineData(ErrorReason.StorageFull)]
    public async Task RunAsync_InstanceFails_IsRepeatedOnceAtTheOther(ErrorReason reason)
    {
        await ServeBothAsync();
        _first.Inference.OnRun = (_, _, _) => throw new InferenceFailedException(new JobFailure(reason, "Lost."));
        await RunAsync(0);
        Assert.Single(_second.Inference.Requests);
        Assert.Equal([_first.Address, _second.Address], _called);

        _second.Inference.OnRun = _first.Inference.OnRun;
        var failed = await Assert.ThrowsAsync<InferenceFailedException>(() => RunAsync(0));
        Assert.Equal(reason, failed.Failure.Reason);
    }

    [Fact]
    public async Task RunAsync_JobFails_IsNotRepeated()
    {
        await ServeBothAsync();
        _first.Inference.OnRun = (_, _, _) =>
            throw new InferenceFailedException(new JobFailure(ErrorReason.StageFailed, "Failed."));
        await Assert.ThrowsAsync<InferenceFailedException>(() => RunAsync(0));
        Assert.Empty(_second.Inference.Requests);
    }

    [Fact]
    public async Task RunAsync_InstanceHangs_IsCancelledAndRepeatedAtTheOther()
    {
        await ServeBothAsync();
        var begun = new TaskCompletionSource();
        _first.Inference.OnRun = async (_, _, cancellationToken) =>
        {
            begun.SetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
        };
        var call = RunAsync(0);
        await WithinAsync(begun.Task, "the call to begin");

        _first.Become(InstanceHealth.Lost);

        await WithinAsync(call, "the call to end");
        Assert.Single(_second.Inference.Requests);
        Assert.Equal(1, _pool.ServingCount);
    }

    [Fact]
    public async Task RunAsync_InstanceStops_FinishesItsCallsAndGetsNoNewOnes()
    {
        await ServeBothAsync();
        var (begun, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        _first.Inference.OnRun = (_, _, cancellationToken) =>
        {
            begun.SetResult();
            return release.Task.WaitAsync(cancellationToken);
        };
        var call = RunAsync(0);
        await WithinAsync(begun.Task, "the call to begin");
        _first.Become(InstanceHealth.NotServing);
        await UntilServingAsync(1);

        await RunAsync(1);
        await RunAsync(2);
        release.SetResult();
        await WithinAsync(call, "the call to end");

        Assert.Equal((1, 2), (_first.Inference.Requests.Count, _second.Inference.Requests.Count));
    }

    [Fact]
    public async Task RunAsync_CallerCancels_IsNotAFailureOfTheInstance()
    {
        await ServeBothAsync();
        using var cancel = new CancellationTokenSource();
        _first.Inference.OnRun = (_, _, cancellationToken) => Task.Delay(Timeout.Infinite, cancellationToken);
        var call = _pool.RunAsync(RequestFor(0), _ => { }, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.Equal(2, _pool.ServingCount);
        Assert.Empty(_second.Inference.Requests);
    }

    [Fact]
    public async Task Job_OneOfTwoInstancesDies_CompletesInOneAttemptWithTheSameDocument()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 1, TimeSpan.Zero));
        await using var uninterrupted = new JobEngine(new ScriptedInference(), time);
        var expected = await uninterrupted.AddJobAsync();
        await uninterrupted.RunAsync(expected);
        await ServeBothAsync();
        _first.Inference.OnRun = async (_, call, cancellationToken) =>
        {
            if (call == 2)
            {
                _first.Become(InstanceHealth.Lost);
            }

            if (call >= 2)
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
        };
        await using var engine = new JobEngine(
            _pool, time, null, storage => storage, [("Dispatch:SegmentFrames", "5")]);
        var jobId = await engine.AddJobAsync();

        await engine.RunAsync(jobId);

        var job = await engine.ReadAsync(jobId);
        Assert.Equal((JobStatus.Completed, 1), (job.Status, job.Attempts.Count));
        Assert.Equal(
            await File.ReadAllTextAsync(uninterrupted.Folder.File("video_jobs", ArtifactKeys.Results(expected)), Token),
            await File.ReadAllTextAsync(engine.Folder.File("video_jobs", ArtifactKeys.Results(jobId)), Token));
        Assert.NotEmpty(_second.Inference.Requests);
    }

    /// <summary>No health check happens in this test after the first one of each instance.</summary>
    [Theory]
    [InlineData(ErrorReason.InferenceUnavailable)]
    [InlineData(ErrorReason.ShuttingDown)]
    [InlineData(ErrorReason.DecoderUnavailable)]
    public async Task RunAsync_AfterAnInstanceFailed_AvoidsItUntilItsNextHealthCheck(ErrorReason reason)
    {
        await ServeBothAsync();
        _first.Inference.OnRun = (_, _, _) => throw new InferenceFailedException(new JobFailure(reason, "Failed."));
        await RunAsync(0);
        _called.Clear();
        await RunAsync(1);
        await RunAsync(2);
        Assert.Equal([_second.Address, _second.Address], _called);
        Assert.Equal(1, _pool.ServingCount);

        _first.Inference.OnRun = (_, _, _) => Task.CompletedTask;
        _first.Become(InstanceHealth.Serving);
        await UntilServingAsync(2);
        _called.Clear();
        await RunAsync(3);
        Assert.Equal([_first.Address], _called);
    }

    [Theory]
    [InlineData(ErrorReason.SourceNotAllowed)]
    [InlineData(ErrorReason.StorageFull)]
    public async Task RunAsync_InstanceThatCannotReadTheVideo_IsUsedOnlyIfNoOtherServes(ErrorReason reason)
    {
        await ServeBothAsync();
        _first.Inference.OnRun = (_, _, _) =>
            throw new InferenceFailedException(new JobFailure(reason, "Not possible."));
        await RunAsync(0);
        _called.Clear();
        await RunAsync(1);
        await RunAsync(2);
        Assert.Equal([_second.Address, _second.Address], _called);
        Assert.Equal(2, _pool.ServingCount);

        _second.Become(InstanceHealth.NotServing);
        await UntilServingAsync(1);
        _first.Inference.OnRun = (_, _, _) => Task.CompletedTask;
        await RunAsync(3);
        Assert.Equal(_first.Address, _called[^1]);
    }

    [Fact]
    public async Task RunAsync_FirstCannotReadAndSecondFails_ReportsTheSecond()
    {
        await ServeBothAsync();
        _first.Inference.OnRun = (_, _, _) =>
            throw new InferenceFailedException(new JobFailure(ErrorReason.SourceNotFound, "Not found."));
        _second.Inference.OnRun = (_, _, _) =>
            throw new InferenceFailedException(new JobFailure(ErrorReason.DecoderLost, "Lost."));
        var failed = await Assert.ThrowsAsync<InferenceFailedException>(() => RunAsync(0));
        Assert.Equal(ErrorReason.DecoderLost, failed.Failure.Reason);

        // In the other order too: a job that ends its InferenceService must not wait for the storage.
        failed = await Assert.ThrowsAsync<InferenceFailedException>(() => RunAsync(1));
        Assert.Equal(ErrorReason.DecoderLost, failed.Failure.Reason);
        Assert.Equal([_first.Address, _second.Address, _second.Address, _first.Address], _called);
    }

    [Fact]
    public async Task RunAsync_AfterALostDecoder_StillUsesTheInstance()
    {
        await ServeBothAsync();
        _first.Inference.OnRun = (_, call, _) => call == 1
            ? throw new InferenceFailedException(new JobFailure(ErrorReason.DecoderLost, "The decoder was lost."))
            : Task.CompletedTask;
        await RunAsync(0);
        await RunAsync(1);
        Assert.Equal([_first.Address, _second.Address, _first.Address], _called);
    }

    [Fact]
    public async Task RunAsync_AfterAFailure_TheCallNoLongerCountsAsInFlight()
    {
        await ServeBothAsync();
        _first.Inference.OnRun = (_, call, _) => call <= 3
            ? throw new InferenceFailedException(new JobFailure(ErrorReason.StageFailed, "The stage failed."))
            : Task.CompletedTask;
        for (var call = 0; call < 3; call++)
        {
            await Assert.ThrowsAsync<InferenceFailedException>(() => RunAsync(call));
        }

        await RunAsync(3);
        Assert.Equal(Enumerable.Repeat(_first.Address, 4), _called);
    }

    private static RunPipelineRequest RequestFor(int number) => new()
    {
        Range = new FrameRange { StartFrame = number, EndFrame = number + 1 },
        FrameStride = 1,
    };

    private Task<RunPipelineResponse> RunAsync(int number) => _pool.RunAsync(RequestFor(number), _called.Add, Token);

    private async Task ServeBothAsync()
    {
        _first.Become(InstanceHealth.Serving);
        _second.Become(InstanceHealth.Serving);
        await UntilServingAsync(2);
    }

    /// <summary>Polls the pool, which learns of health checks on its own threads.</summary>
    private Task UntilServingAsync(int count) =>
        UntilAsync(() => _pool.ServingCount == count, $"{count} of {_pool.KnownCount} instances to serve");

    private static async Task UntilAsync(Func<bool> condition, string awaited)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!condition())
        {
            Assert.False(limit.IsCancellationRequested, $"Waited {Limit} for {awaited}.");
            await Task.Yield();
        }
    }

    private async Task WithinAsync(Task task, string awaited)
    {
        try
        {
            await task.WaitAsync(Limit, Token);
        }
        catch (TimeoutException)
        {
            Assert.Fail(
                $"Waited {Limit} for {awaited}; {_pool.ServingCount} instances serve, calls went to "
                + $"[{string.Join(", ", _called)}].");
        }
    }
}
