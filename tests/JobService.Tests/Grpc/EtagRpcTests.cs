using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>Changes of jobs that require an etag, over a socket.</summary>
public sealed class EtagRpcTests
{
    private static readonly string[] Calls = ["update", "cancel", "retry", "delete"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [Reaches(ErrorReason.EtagMismatch)]
    public async Task AnyChange_OfAJobThatHasChanged_IsRefusedAndChangesNothing()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        var before = await service.SubmitAsync();
        await CallAsync(service, "update", before.JobId, etag: "");
        var job = await service.GetAsync(before.JobId);

        foreach (var call in Calls)
        {
            var failure = await Assert.ThrowsAsync<RpcException>(
                () => CallAsync(service, call, before.JobId, before.Etag));
            var refusal = Refusal.Read(failure);
            Assert.Equal((StatusCode.Aborted, ErrorReason.EtagMismatch), (failure.StatusCode, refusal.Reason));
            Assert.Equal(before.JobId, refusal.Info.Metadata["jobId"]);
            Assert.Equal(before.JobId, refusal.Status.GetDetail<ResourceInfo>().ResourceName);
            Assert.Equal(job, await service.GetAsync(before.JobId));
        }
    }

    /// <summary>Typical of an etag that was copied by hand.</summary>
    [Theory]
    [InlineData("rBc0Dvw8gUkTqYcO1n6xXg")]
    [InlineData("\"rBc0Dvw8gUkTqYcO1n6xXg\"")]
    [InlineData("W/\"\"")]
    [InlineData("*")]
    public async Task AnyChange_WithATextThatIsNoEtag_IsAnInvalidField(string etag)
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        var job = await service.SubmitAsync();

        foreach (var call in Calls)
        {
            var refusal = Refusal.Read(
                await Assert.ThrowsAsync<RpcException>(() => CallAsync(service, call, job.JobId, etag)));
            Assert.Equal(ErrorReason.InvalidField, refusal.Reason);
            Assert.Equal(call == "update" ? "job.etag" : "etag", refusal.Info.Metadata["field"]);
        }
    }

    [Fact]
    public async Task AnyChange_WithTheEtagOfAnyView_IsMade()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        var jobId = (await service.SubmitAsync()).JobId;
        foreach (var call in Calls[..3])
        {
            var listed = await service.Client.ListJobsAsync(new ListJobsRequest(), cancellationToken: Cancellation);
            await CallAsync(service, call, jobId, Assert.Single(listed.Jobs).Etag);
        }

        var job = await service.GetAsync(jobId);
        Assert.Equal((JobStatus.Pending, "new"), (job.Status, job.DisplayName));
        await CallAsync(service, "cancel", jobId, job.Etag);
        await CallAsync(service, "delete", jobId, (await service.GetAsync(jobId)).Etag);
        Assert.Empty(await service.Storage.KeysAsync());
    }

    [Fact]
    public async Task Cancel_RunningJobWhoseProgressMoved_IsRefused()
    {
        var first = new TaskCompletionSource();
        var inference = new ScriptedInference
        {
            OnRun = (_, call, cancellationToken) =>
                call == 1 ? first.Task : Task.Delay(Timeout.Infinite, cancellationToken),
        };
        await using var service = await RunningJobService.StartAsync(
            inference, ("Dispatch:SegmentFrames", "50"), ("Dispatch:SegmentsInFlight", "1"));
        var jobId = (await service.SubmitAsync()).JobId;
        var planned = await service.GetWhenAsync(jobId, job => job.Progress.FramesTotal == 100);
        first.SetResult();
        var advanced = await service.GetWhenAsync(jobId, job => job.Progress.FramesDone == 50);

        var failure = await Assert.ThrowsAsync<RpcException>(() => CallAsync(service, "cancel", jobId, planned.Etag));

        Assert.Equal(ErrorReason.EtagMismatch, Refusal.Read(failure).Reason);
        await CallAsync(service, "update", jobId, advanced.Etag);
        var named = await service.GetAsync(jobId);
        Assert.Equal(("new", 50), (named.DisplayName, named.Progress.FramesDone));
        await CallAsync(service, "cancel", jobId, named.Etag);
        Assert.Equal(JobStatus.Cancelled, (await service.GetAsync(jobId)).Status);
    }

    private static async Task CallAsync(RunningJobService service, string call, string jobId, string etag) =>
        _ = call switch
        {
            "update" => (object)await service.Client.UpdateJobAsync(
                new UpdateJobRequest
                {
                    Job = new Job { JobId = jobId, Etag = etag, DisplayName = "new" },
                    UpdateMask = new FieldMask { Paths = { "display_name" } },
                },
                cancellationToken: Cancellation),
            "cancel" => await service.Client.CancelJobAsync(
                new CancelJobRequest { JobId = jobId, Etag = etag }, cancellationToken: Cancellation),
            "retry" => await service.Client.RetryJobAsync(
                new RetryJobRequest { JobId = jobId, Etag = etag }, cancellationToken: Cancellation),
            _ => await service.Client.DeleteJobAsync(
                new DeleteJobRequest { JobId = jobId, Etag = etag }, cancellationToken: Cancellation),
        };
}
