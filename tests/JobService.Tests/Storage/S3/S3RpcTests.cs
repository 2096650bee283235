using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Protocol.Errors;
using ForegSyte.Testing;
using ForegSyte.Testing.Servers;
using ForegSyte.V1;
using Google.Rpc;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using JobStatus = ForegSyte.V1.JobStatus;

namespace ForegSyte.Jobs.Tests.Storage.S3;

/// <summary>A JobService whose bucket is away for a time. Its store is DuckDB, which does not matter here.</summary>
public sealed class S3RpcTests : IAsyncLifetime
{
    private CephServer? _server;
    private TestBucket? _bucket;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await CephServer.StartOrSkipAsync();
        _bucket = await TestBucket.CreateAsync(_server);
        _bucket.Options.MaxRetries = 0;
    }

    public async ValueTask DisposeAsync()
    {
        _bucket?.Dispose();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    [Fact]
    [Reaches(ErrorReason.StorageUnavailable)]
    public async Task SubmitVideo_BucketIsAway_IsUnavailableUntilItIsBack()
    {
        await using var service = await StartAsync(RunningJobService.NotServing());
        await _server!.StopGatewayAsync();

        var (code, info, status) = await RunningJobService.FailureOfAsync(
            service.Client.SubmitVideoAsync(RunningJobService.Request(), cancellationToken: Cancellation));

        Assert.Equal((StatusCode.Unavailable, "STORAGE_UNAVAILABLE"), (code, info.Reason));
        Assert.Equal(_bucket!.Options.RetryDelay, status.GetDetail<RetryInfo>().RetryDelay.ToTimeSpan());
        await _server.StartGatewayAsync();
        Assert.Equal(JobStatus.Pending, (await service.SubmitAsync()).Status);
    }

    [Fact]
    public async Task Job_BucketIsAwayAtItsEnd_GoesOnWhenItIsBackAndLosesNoAttempt()
    {
        var (started, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        var inference = new ScriptedInference
        {
            OnRun = async (_, _, cancellationToken) =>
            {
                started.TrySetResult();
                await goOn.Task.WaitAsync(cancellationToken);
            },
        };
        await using var service = await StartAsync(
            inference, ("Retry:FirstDelay", "00:00:00.010"), ("Retry:MaxDelay", "00:00:00.100"),
            ("Retry:MaxAttempts", "1"));
        var jobId = (await service.SubmitAsync()).JobId;
        await started.Task;
        await _server!.StopGatewayAsync();
        goOn.SetResult();

        var failed = await service.GetWhenAsync(
            jobId, job => job.Attempts.Count(attempt => attempt.Error is not null) > 2);
        Assert.All(
            failed.Attempts.Where(attempt => attempt.Error is not null),
            attempt => Assert.Equal("STORAGE_UNAVAILABLE", ErrorStatus.InfoOf(attempt.Error)?.Reason));
        await _server.StartGatewayAsync();

        var ended = await service.GetWhenAsync(
            jobId, job => job.Status is JobStatus.Completed or JobStatus.Failed);
        Assert.Equal(JobStatus.Completed, ended.Status);
    }

    [Fact]
    public async Task GetFrame_VideoInTheBucket_IsAskedForByAPresignedAddress()
    {
        var inference = RunningJobService.NotServing();
        ForegSyte.Inference.V1.GetFrameRequest? asked = null;
        inference.OnFrame = (request, _) =>
        {
            asked = request;
            return Task.FromResult(new ForegSyte.Inference.V1.GetFrameResponse());
        };
        await using var service = await StartAsync(inference);
        var job = await service.SubmitAsync();

        await service.Client.GetFrameAsync(
            new GetFrameRequest { JobId = job.JobId, FrameIndex = 3 }, cancellationToken: Cancellation);

        Assert.Equal((3, RunningJobService.Video.Length), (asked!.FrameIndex, (int)asked.Video.SizeBytes));
        Assert.StartsWith("http", asked.Video.Uri, StringComparison.Ordinal);
        Assert.Contains("X-Amz-Signature", asked.Video.Uri, StringComparison.Ordinal);
        Assert.NotEmpty(asked.Video.CacheKey);
    }

    private Task<RunningJobService> StartAsync(
        ScriptedInference inference, params (string Key, string Value)[] settings) =>
        RunningJobService.StartAsync(
            inference, services => services.AddSingleton<IStorage>(_bucket!.Storage), settings);
}
