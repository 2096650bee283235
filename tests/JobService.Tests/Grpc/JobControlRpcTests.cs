using System.Collections.Concurrent;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Protocol.Errors;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Rpc;
using Grpc.Core;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>CancelJob, RetryJob, DeleteJob, priorities and the queue's limit, over a socket.</summary>
public sealed class JobControlRpcTests
{
    private static readonly (string, string) NoServingPatience = ("Dispatch:ServingPatience", "00:00:00.010");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task PendingJobs_WithoutAnInferenceService_ShowReasonAndPosition()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing(), NoServingPatience);
        var plain = await service.SubmitAsync();
        var lazy = await service.SubmitAsync(priority: 0);
        var urgent = await service.SubmitAsync(priority: 9);
        Assert.Equal([4, 0, 9], new[] { plain, lazy, urgent }.Select(job => job.Priority));

        var job = await service.GetWhenAsync(
            plain.JobId, job => job.QueueState.Reason == WaitReason.NoInferenceService);
        Assert.Equal(2, job.QueueState.Position);
        var listed = await service.Client.ListJobsAsync(new ListJobsRequest(), cancellationToken: Cancellation);
        Assert.Equal(
            [urgent.JobId, plain.JobId, lazy.JobId],
            listed.Jobs.OrderBy(job => job.QueueState.Position).Select(job => job.JobId));
        Assert.Equal([1, 2, 3], listed.Jobs.Select(job => job.QueueState.Position).Order());

        // Other jobs change the position, which is no change of the job.
        await CancelAsync(service, urgent.JobId);
        var moved = await service.GetAsync(plain.JobId);
        Assert.Equal((1, job.Etag), (moved.QueueState.Position, moved.Etag));
    }

    [Fact]
    public async Task Job_TakenWhenTheInferenceServiceIsLost_ReturnsToTheQueueWithoutAnAttempt()
    {
        var inference = new ScriptedInference();
        await using var service = await RunningJobService.StartAsync(inference, NoServingPatience);
        inference.Serving = cancellationToken => Task.Delay(Timeout.Infinite, cancellationToken);
        var jobId = (await service.SubmitAsync()).JobId;
        var job = await service.GetWhenAsync(jobId, job => job.QueueState.Reason == WaitReason.NoInferenceService);
        Assert.Equal(1, job.QueueState.Position);
        inference.Serving = _ => Task.CompletedTask;
        Assert.Single((await service.GetWhenAsync(jobId, job => job.Status == JobStatus.Completed)).Attempts);
    }

    [Fact]
    public async Task Cancel_PendingJob_IsIdempotent()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        var jobId = (await service.SubmitAsync()).JobId;
        var cancelled = await CancelAsync(service, jobId);
        Assert.Equal(JobStatus.Cancelled, cancelled.Status);
        Assert.Null(cancelled.QueueState);
        Assert.Equal(cancelled, await CancelAsync(service, jobId));
        Assert.Equal(cancelled, await service.GetAsync(jobId));
    }

    [Fact]
    public async Task Cancel_RunningJob_StopsTheInferenceCall()
    {
        var started = new TaskCompletionSource();
        var stopped = new TaskCompletionSource();
        await using var service = await RunningJobService.StartAsync(Blocking(started, stopped));
        var jobId = (await service.SubmitAsync()).JobId;
        await started.Task;
        Assert.Equal(JobStatus.Cancelled, (await CancelAsync(service, jobId)).Status);
        await stopped.Task.WaitAsync(TimeSpan.FromMinutes(1), Cancellation);
    }

    [Fact]
    [Reaches(ErrorReason.WrongJobStatus)]
    public async Task Retry_CancelledJob_RunsItToItsEnd()
    {
        var inference = RunningJobService.NotServing();
        await using var service = await RunningJobService.StartAsync(inference, NoServingPatience);
        var jobId = (await service.SubmitAsync()).JobId;
        await CancelAsync(service, jobId);
        var retried = await RetryAsync(service, jobId);
        Assert.Equal((JobStatus.Pending, 1), (retried.Status, retried.QueueState.Position));
        Assert.Equal(retried, await RetryAsync(service, jobId));

        inference.Serving = _ => Task.CompletedTask;
        var completed = await service.GetWhenAsync(jobId, job => job.Status == JobStatus.Completed);
        Assert.Equal(1, completed.Progress.Fraction);
        var attempt = Assert.Single(completed.Attempts);
        Assert.Equal("scripted", Assert.Single(attempt.Devices).Description);
        foreach (var call in new[]
        {
            RetryFailureAsync(service, jobId),
            CancelFailureAsync(service, jobId),
        })
        {
            var (code, info, status) = await call;
            Assert.Equal((StatusCode.FailedPrecondition, "WRONG_JOB_STATUS"), (code, info.Reason));
            Assert.Equal(("COMPLETED", jobId), (info.Metadata["status"], info.Metadata["jobId"]));
            Assert.Equal(jobId, status.GetDetail<ResourceInfo>().ResourceName);
        }
    }

    [Fact]
    [Reaches(ErrorReason.VideoGone)]
    public async Task Retry_WithoutItsVideo_IsRefused()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        var job = await service.SubmitAsync();
        await CancelAsync(service, job.JobId);
        await service.Storage.DeleteAsync($"{job.JobId}.mp4", Cancellation);
        var (code, info, _) = await RetryFailureAsync(service, job.JobId);
        Assert.Equal((StatusCode.FailedPrecondition, "VIDEO_GONE"), (code, info.Reason));
        Assert.Equal(job.JobId, info.Metadata["jobId"]);
    }

    [Fact]
    [Reaches(ErrorReason.JobNotFound)]
    public async Task Delete_TerminalJob_LeavesNothing()
    {
        await using var service = await RunningJobService.StartAsync(new ScriptedInference());
        var requestId = Guid.NewGuid().ToString();
        var jobId = (await service.SubmitAsync(requestId: requestId)).JobId;
        await service.GetWhenAsync(jobId, job => job.Status == JobStatus.Completed);
        Assert.NotEmpty(await service.Storage.KeysAsync());

        await service.Client.DeleteJobAsync(new DeleteJobRequest { JobId = jobId }, cancellationToken: Cancellation);

        Assert.Empty(await service.Storage.KeysAsync());
        foreach (var call in new[]
        {
            GetFailureAsync(service, jobId),
            DeleteFailureAsync(service, jobId),
            CancelFailureAsync(service, jobId),
            RetryFailureAsync(service, jobId),
        })
        {
            var (code, info, _) = await call;
            Assert.Equal((StatusCode.NotFound, "JOB_NOT_FOUND"), (code, info.Reason));
        }

        Assert.NotEqual(jobId, (await service.SubmitAsync(requestId: requestId)).JobId);
    }

    [Fact]
    public async Task Delete_RunningJob_IsRefusedAndChangesNothing()
    {
        var started = new TaskCompletionSource();
        await using var service = await RunningJobService.StartAsync(Blocking(started, new TaskCompletionSource()));
        var jobId = (await service.SubmitAsync()).JobId;
        await started.Task;
        var (code, info, _) = await DeleteFailureAsync(service, jobId);
        Assert.Equal((StatusCode.FailedPrecondition, "WRONG_JOB_STATUS"), (code, info.Reason));
        Assert.Equal("RUNNING", info.Metadata["status"]);
        Assert.Equal(JobStatus.Running, (await service.GetAsync(jobId)).Status);
        await CancelAsync(service, jobId);
    }

    [Fact]
    [Reaches(ErrorReason.QueueFull)]
    public async Task Submit_PastTheLimit_IsRefusedExactly()
    {
        const int Limit = 3;
        await using var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(), ("Submit:MaxPendingJobs", "3"), ("Submit:QueueFullDelay", "00:00:07"));
        var accepted = new ConcurrentBag<string>();
        var refused = new ConcurrentBag<RpcException>();
        await Task.WhenAll(Enumerable.Range(0, 12).Select(async _ =>
        {
            try
            {
                accepted.Add((await service.SubmitAsync()).JobId);
            }
            catch (RpcException exception)
            {
                refused.Add(exception);
            }
        }));

        Assert.Equal((Limit, 12 - Limit), (accepted.Count, refused.Count));
        Assert.Equal(Limit, (await service.Storage.KeysAsync()).Count);
        Assert.All(refused, exception => CheckQueueFull(exception.StatusCode, Refusal.Read(exception).Status));

        // A cancelled job returns its slot, and needs one to be retried.
        var first = accepted.First();
        await CancelAsync(service, first);
        await service.SubmitAsync();
        var (code, _, status) = await RetryFailureAsync(service, first);
        CheckQueueFull(code, status);
        Assert.Equal(JobStatus.Cancelled, (await service.GetAsync(first)).Status);
    }

    [Fact]
    [Reaches(ErrorReason.RequestIdConflict)]
    public async Task Submit_SameRequestIdWithAnotherPriority_IsAConflict()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        var requestId = Guid.NewGuid().ToString();
        var job = await service.SubmitAsync(priority: 4, requestId);
        Assert.Equal(job.JobId, (await service.SubmitAsync(priority: null, requestId)).JobId);
        var (code, info, _) = await SubmitFailureAsync(service, RunningJobService.Request(priority: 5, requestId));
        Assert.Equal((StatusCode.AlreadyExists, "REQUEST_ID_CONFLICT"), (code, info.Reason));
        Assert.Equal("priority", info.Metadata["fields"]);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(10)]
    public async Task Submit_PriorityOutOfRange_IsRefused(int priority)
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        var (code, info, status) = await SubmitFailureAsync(service, RunningJobService.Request(priority));
        Assert.Equal((StatusCode.InvalidArgument, "INVALID_FIELD"), (code, info.Reason));
        Assert.Equal("priority", Assert.Single(status.GetDetail<BadRequest>().FieldViolations).Field);
    }

    [Fact]
    [Reaches(ErrorReason.DecoderLost)]
    public async Task BackOff_IsShownAndCanBeCancelled()
    {
        var inference = new ScriptedInference
        {
            OnProbe = () =>
                throw new InferenceFailedException(new JobFailure(ErrorReason.DecoderLost, "The decoder was lost.")),
        };
        await using var service = await RunningJobService.StartAsync(
            inference, ("Retry:FirstDelay", "01:00:00"), ("Retry:MaxDelay", "01:00:00"));
        var jobId = (await service.SubmitAsync()).JobId;
        var job = await service.GetWhenAsync(jobId, job => job.QueueState?.Reason == WaitReason.BackOff);
        Assert.Equal(0, job.QueueState.Position);
        var attempt = Assert.Single(job.Attempts);
        Assert.Equal(("DECODER_LOST", true), (ErrorStatus.InfoOf(attempt.Error)?.Reason, attempt.Retryable));
        Assert.InRange(
            (job.QueueState.NextAttemptAt - attempt.EndedAt).ToTimeSpan(), TimeSpan.FromMinutes(29),
            TimeSpan.FromHours(1));
        Assert.Equal(JobStatus.Cancelled, (await CancelAsync(service, jobId)).Status);
    }

    private static void CheckQueueFull(StatusCode code, Google.Rpc.Status status)
    {
        Assert.Equal(StatusCode.ResourceExhausted, code);
        var info = status.GetDetail<ErrorInfo>();
        Assert.Equal(
            ("QUEUE_FULL", "Submit:MaxPendingJobs", "3"),
            (info.Reason, info.Metadata["option"], info.Metadata["limit"]));
        Assert.Equal(TimeSpan.FromSeconds(7), status.GetDetail<RetryInfo>().RetryDelay.ToTimeSpan());
    }

    private static Task<(StatusCode Code, ErrorInfo Info, Google.Rpc.Status Status)> GetFailureAsync(
        RunningJobService service, string jobId) => RunningJobService.FailureOfAsync(service.Client.GetJobAsync(
            new GetJobRequest { JobId = jobId }, cancellationToken: Cancellation));

    private static Task<(StatusCode Code, ErrorInfo Info, Google.Rpc.Status Status)> CancelFailureAsync(
        RunningJobService service, string jobId) => RunningJobService.FailureOfAsync(service.Client.CancelJobAsync(
            new CancelJobRequest { JobId = jobId }, cancellationToken: Cancellation));

    private static Task<(StatusCode Code, ErrorInfo Info, Google.Rpc.Status Status)> RetryFailureAsync(
        RunningJobService service, string jobId) => RunningJobService.FailureOfAsync(service.Client.RetryJobAsync(
            new RetryJobRequest { JobId = jobId }, cancellationToken: Cancellation));

    private static Task<(StatusCode Code, ErrorInfo Info, Google.Rpc.Status Status)> DeleteFailureAsync(
        RunningJobService service, string jobId) => RunningJobService.FailureOfAsync(service.Client.DeleteJobAsync(
            new DeleteJobRequest { JobId = jobId }, cancellationToken: Cancellation));

    private static Task<(StatusCode Code, ErrorInfo Info, Google.Rpc.Status Status)> SubmitFailureAsync(
        RunningJobService service, SubmitVideoRequest request) => RunningJobService.FailureOfAsync(
            service.Client.SubmitVideoAsync(request, cancellationToken: Cancellation));

    private static async Task<Job> CancelAsync(RunningJobService service, string jobId) => (await service.Client
        .CancelJobAsync(new CancelJobRequest { JobId = jobId }, cancellationToken: Cancellation)).Job;

    private static async Task<Job> RetryAsync(RunningJobService service, string jobId) => (await service.Client
        .RetryJobAsync(new RetryJobRequest { JobId = jobId }, cancellationToken: Cancellation)).Job;

    private static ScriptedInference Blocking(TaskCompletionSource started, TaskCompletionSource stopped) => new()
    {
        OnRun = async (_, _, cancellationToken) =>
        {
            started.TrySetResult();
            try
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
            finally
            {
                stopped.TrySetResult();
            }
        },
    };
}
