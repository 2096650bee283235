using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>UpdateJob, over a socket.</summary>
public sealed class UpdateJobRpcTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Update_FieldsOfTheMask_ChangesTheseAlone()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        var job = await service.SubmitAsync(priority: 3);
        var wanted = new Job
        {
            JobId = job.JobId,
            DisplayName = "lobby",
            Priority = 8,
            Tags = { { "camera", "north" } },
            Tenant = "other",
        };

        var named = await UpdateAsync(service, wanted, "display_name");
        Assert.Equal(("lobby", 3, 0), (named.DisplayName, named.Priority, named.Tags.Count));
        Assert.NotEqual(job.Etag, named.Etag);
        Assert.True(named.UpdatedAt.ToDateTime() >= job.UpdatedAt.ToDateTime(), "updated_at fell.");
        var tagged = await UpdateAsync(service, wanted, "tags", "priority");
        Assert.Equal(("lobby", 8, "north"), (tagged.DisplayName, tagged.Priority, tagged.Tags["camera"]));
        Assert.Equal(tagged, await service.GetAsync(job.JobId));
        Assert.Equal("", tagged.Tenant);

        var cleared = await UpdateAsync(service, new Job { JobId = job.JobId }, "*");
        Assert.Equal(("", 0, 0), (cleared.DisplayName, cleared.Priority, cleared.Tags.Count));
    }

    [Fact]
    public async Task Update_WithoutAMask_ChangesWhatHasAValue()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        var job = await service.SubmitAsync(priority: 3);
        await UpdateAsync(service, new Job { JobId = job.JobId, Tags = { { "a", "1" } } });

        var updated = await UpdateAsync(service, new Job { JobId = job.JobId, DisplayName = "lobby" });

        Assert.Equal(("lobby", 3, "1"), (updated.DisplayName, updated.Priority, updated.Tags["a"]));
    }

    [Fact]
    public async Task Update_ToWhatTheJobHas_ReturnsItUnchanged()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        var job = await service.SubmitAsync(priority: 3);
        var updated = await UpdateAsync(service, new Job { JobId = job.JobId, Priority = 3 }, "*");
        Assert.Equal(job, updated);
        Assert.Equal(job, await UpdateAsync(service, new Job { JobId = job.JobId }));
    }

    [Fact]
    public async Task Update_PriorityOfAPendingJob_MovesItInTheQueue()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        var (first, second) = (await service.SubmitAsync(), await service.SubmitAsync());

        var urgent = await UpdateAsync(service, new Job { JobId = second.JobId, Priority = 9 });

        Assert.Equal(1, urgent.QueueState.Position);
        Assert.Equal(2, (await service.GetAsync(first.JobId)).QueueState.Position);
    }

    [Fact]
    public async Task Update_PriorityOfATerminalJob_IsRefusedAndItsNameIsNot()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        var job = await service.SubmitAsync();
        await service.Client.CancelJobAsync(
            new CancelJobRequest { JobId = job.JobId }, cancellationToken: Cancellation);

        var (code, info, _) = await FailureAsync(
            service, new Job { JobId = job.JobId, DisplayName = "lobby", Priority = 9 }, "display_name", "priority");

        Assert.Equal((StatusCode.FailedPrecondition, "WRONG_JOB_STATUS"), (code, info.Reason));
        Assert.Equal("PENDING,RUNNING", info.Metadata["allowed"]);
        Assert.Equal("", (await service.GetAsync(job.JobId)).DisplayName);
        var named = await UpdateAsync(service, new Job { JobId = job.JobId, DisplayName = "lobby" });
        Assert.Equal(("lobby", JobStatus.Cancelled), (named.DisplayName, named.Status));
    }

    [Theory]
    [InlineData("pipeline_id", "update_mask")]
    [InlineData("job.tags", "update_mask")]
    [InlineData("display_name", "job.display_name")]
    [InlineData("tags", "job.tags")]
    [InlineData("priority", "job.priority")]
    public async Task Update_InvalidField_IsRefusedAndNamesIt(string path, string field)
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        var job = await service.SubmitAsync();
        var wanted = new Job { JobId = job.JobId, DisplayName = "a\nb", Priority = 10, Tags = { { "A", "" } } };

        var (code, info, status) = await FailureAsync(service, wanted, path);

        Assert.Equal((StatusCode.InvalidArgument, "INVALID_FIELD"), (code, info.Reason));
        Assert.Equal(field, Assert.Single(status.GetDetail<BadRequest>().FieldViolations).Field);
        if (field == "update_mask")
        {
            Assert.Contains("display_name, tags, priority", status.Message, StringComparison.Ordinal);
        }

        Assert.Equal(job, await service.GetAsync(job.JobId));
    }

    [Fact]
    public async Task Update_WithoutAJobOrItsId_NamesTheField()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        await AssertMissingAsync(new UpdateJobRequest(), "job");
        await AssertMissingAsync(new UpdateJobRequest { Job = new Job() }, "job.job_id");
        var (code, info, _) = await FailureAsync(service, new Job { JobId = Guid.NewGuid().ToString() });
        Assert.Equal((StatusCode.NotFound, "JOB_NOT_FOUND"), (code, info.Reason));

        async Task AssertMissingAsync(UpdateJobRequest request, string field)
        {
            var (_, info, status) = await RunningJobService.FailureOfAsync(
                service.Client.UpdateJobAsync(request, cancellationToken: Cancellation));
            Assert.Equal("MISSING_FIELD", info.Reason);
            Assert.Equal(field, Assert.Single(status.GetDetail<BadRequest>().FieldViolations).Field);
        }
    }

    [Fact]
    public async Task Update_CompletedJob_ItsManifestFollows()
    {
        await using var service = await RunningJobService.StartAsync(new Queue.ScriptedInference());
        var jobId = (await service.SubmitAsync()).JobId;
        await service.GetWhenAsync(jobId, job => job.Status == JobStatus.Completed);

        await UpdateAsync(service, new Job { JobId = jobId, DisplayName = "lobby", Tags = { { "camera", "north" } } });

        var manifest = (await service.Storage.ReadManifestAsync(Guid.Parse(jobId)))!;
        Assert.Equal(("lobby", "north"), (manifest.DisplayName, manifest.Tags.Find("camera")));
    }

    private static async Task<Job> UpdateAsync(RunningJobService service, Job job, params string[] mask) =>
        (await service.Client.UpdateJobAsync(Request(job, mask), cancellationToken: Cancellation)).Job;

    private static Task<(StatusCode Code, ErrorInfo Info, Google.Rpc.Status Status)> FailureAsync(
        RunningJobService service, Job job, params string[] mask) => RunningJobService.FailureOfAsync(
            service.Client.UpdateJobAsync(Request(job, mask), cancellationToken: Cancellation));

    private static UpdateJobRequest Request(Job job, string[] mask) => new()
    {
        Job = job,
        UpdateMask = mask.Length == 0 ? null : new FieldMask { Paths = { mask } },
    };
}
