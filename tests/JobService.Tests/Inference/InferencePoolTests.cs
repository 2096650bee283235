using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.V1;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Inference;

public sealed class InferencePoolTests : IAsyncLifetime
{
    private readonly List<Uri> _placed = [];
    private readonly ScriptedInstance _first = new("http://first:1");
    private readonly ScriptedInstance _second = new("http://second:1");
    private readonly InferencePool _pool;

    public InferencePoolTests() => _pool = new InferencePool(
        [_first, _second],
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
        Assert.False(wait.IsCompleted);
        _second.Become(InstanceHealth.Serving);
        await wait;
    }

    [Fact]
    public async Task RunAsync_NoneServes_IsUnavailable()
    {
        var failed = await Assert.ThrowsAsync<InferenceFailedException>(() => RunAsync(0));
        Assert.Equal(ErrorReason.InferenceUnavailable, failed.Failure.Reason);
        Assert.DoesNotContain("first", failed.Failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_TheOnlyOneHangs_FailsWithoutTellingItsAddress()
    {
        _first.Become(InstanceHealth.Serving);
        await UntilAsync(() => _pool.ServingCount == 1);
        var begun = new TaskCompletionSource();
        _first.Inference.OnRun = async (_, _, cancellationToken) =>
        {
            begun.SetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
        };
        var call = RunAsync(0);
        await begun.Task;

        _first.Become(InstanceHealth.Lost);

        var failed = await Assert.ThrowsAsync<InferenceFailedException>(() => call);
        Assert.Equal(ErrorReason.InferenceUnavailable, failed.Failure.Reason);
        Assert.DoesNotContain("first", failed.Failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_BothServe_GoesToTheOneWithTheFewestUnderWay()
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
    public async Task RunAsync_OneFailsForAReasonOfItsOwn_IsTriedOnceMoreAtTheOther(ErrorReason reason)
    {
        await ServeBothAsync();
        _first.Inference.OnRun = (_, _, _) => throw new InferenceFailedException(new JobFailure(reason, "Lost."));
        await RunAsync(0);
        Assert.Single(_second.Inference.Requests);
        Assert.Equal([_first.Address, _second.Address], _placed);

        _second.Inference.OnRun = _first.Inference.OnRun;
        var failed = await Assert.ThrowsAsync<InferenceFailedException>(() => RunAsync(0));
        Assert.Equal(reason, failed.Failure.Reason);
    }

    [Fact]
    public async Task RunAsync_OneFailsForAReasonOfTheVideos_IsNotTriedElsewhere()
    {
        await ServeBothAsync();
        _first.Inference.OnRun = (_, _, _) =>
            throw new InferenceFailedException(new JobFailure(ErrorReason.StageFailed, "Failed."));
        await Assert.ThrowsAsync<InferenceFailedException>(() => RunAsync(0));
        Assert.Empty(_second.Inference.Requests);
    }

    [Fact]
    public async Task RunAsync_InstanceThatHangs_IsGivenUpAndTriedElsewhere()
    {
        await ServeBothAsync();
        var begun = new TaskCompletionSource();
        _first.Inference.OnRun = async (_, _, cancellationToken) =>
        {
            begun.SetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
        };
        var call = RunAsync(0);
        await begun.Task;

        _first.Become(InstanceHealth.Lost);

        await call;
        Assert.Single(_second.Inference.Requests);
        Assert.Equal(1, _pool.ServingCount);
    }

    [Fact]
    public async Task RunAsync_InstanceThatStops_FinishesWhatItHasAndGetsNothingNew()
    {
        await ServeBothAsync();
        var (begun, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        _first.Inference.OnRun = (_, _, cancellationToken) =>
        {
            begun.SetResult();
            return release.Task.WaitAsync(cancellationToken);
        };
        var call = RunAsync(0);
        await begun.Task;
        _first.Become(InstanceHealth.NotServing);
        await UntilAsync(() => _pool.ServingCount == 1);

        await RunAsync(1);
        await RunAsync(2);
        release.SetResult();
        await call;

        Assert.Equal((1, 2), (_first.Inference.Requests.Count, _second.Inference.Requests.Count));
    }

    [Fact]
    public async Task RunAsync_CallerCancels_IsNoFailureOfTheInstance()
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
        await using var undisturbed = new JobEngine(new ScriptedInference(), time);
        var expected = await undisturbed.AddJobAsync();
        await undisturbed.Runner.RunAsync(expected, Token);
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

        await engine.Runner.RunAsync(jobId, Token);

        var job = await engine.ReadAsync(jobId);
        Assert.Equal((JobStatus.Completed, 1), (job.Status, job.Attempts.Count));
        Assert.Equal(
            await File.ReadAllTextAsync(undisturbed.Folder.File("video_jobs", ArtifactKeys.Results(expected)), Token),
            await File.ReadAllTextAsync(engine.Folder.File("video_jobs", ArtifactKeys.Results(jobId)), Token));
        Assert.NotEmpty(_second.Inference.Requests);
    }

    private static RunPipelineRequest RequestFor(int number) => new()
    {
        Range = new FrameRange { StartFrame = number, EndFrame = number + 1 },
        FrameStride = 1,
    };

    private Task<RunPipelineResponse> RunAsync(int number) => _pool.RunAsync(RequestFor(number), _placed.Add, Token);

    private async Task ServeBothAsync()
    {
        _first.Become(InstanceHealth.Serving);
        _second.Become(InstanceHealth.Serving);
        await UntilAsync(() => _pool.ServingCount == 2);
    }

    /// <summary>Polls what the pool learns on its own threads.</summary>
    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            Assert.False(limit.IsCancellationRequested, "The condition did not come true within 30 s.");
            await Task.Yield();
        }
    }
}
