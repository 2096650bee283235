using ForegSyte.Client.Tests.Fakes;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace ForegSyte.Client.Tests.Sdk;

public sealed class ControlTests : IAsyncLifetime
{
    private ScriptedServer _server = null!;
    private ForegSyteClient _client = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await ScriptedServer.StartAsync();
        _client = _server.Connect();
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task CancelJob_ResponseLost_Retries()
    {
        _server.Service.Cancel
            .BreakConnection()
            .Fail(Failures.Unavailable)
            .Answer(new CancelJobResponse { Job = SampleJobs.Cancelled() });

        var job = await _client.CancelJobAsync(SampleJobs.Id, cancellationToken: Token);

        Assert.Equal(SampleJobs.Cancelled(), job);
        Assert.Equal(
            [SampleJobs.Id, SampleJobs.Id, SampleJobs.Id],
            _server.Service.Cancel.Requests.Select(request => request.JobId));
    }

    [Fact]
    public async Task CancelJob_Completed_ThrowsWithoutARetry()
    {
        _server.Service.Cancel.Fail(Failures.WrongJobStatus);

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            () => _client.CancelJobAsync(SampleJobs.Id, cancellationToken: Token));

        Assert.Equal(
            (StatusCode.FailedPrecondition, ErrorReason.WrongJobStatus, false),
            (failure.Code, failure.Reason, failure.IsRetryable));
        Assert.Single(_server.Service.Cancel.Requests);
    }

    [Fact]
    public async Task UpdateJob_Always_SendsOnlyTheGivenFields()
    {
        _server.Service.Update.Fail(Failures.Unavailable).Answer(
            new UpdateJobResponse { Job = SampleJobs.Queued(1) }, new UpdateJobResponse { Job = SampleJobs.Queued(1) });

        var job = await _client.UpdateJobAsync(
            SampleJobs.Id,
            new JobUpdate { Tags = new Dictionary<string, string> { ["camera"] = "north" }, Priority = 0 },
            "W/\"7\"",
            cancellationToken: Token);
        await _client.UpdateJobAsync(SampleJobs.Id, new JobUpdate { DisplayName = "" }, cancellationToken: Token);

        Assert.Equal(SampleJobs.Queued(1), job);
        var tagged = new UpdateJobRequest
        {
            Job = new Job { JobId = SampleJobs.Id, Etag = "W/\"7\"", Tags = { ["camera"] = "north" } },
            UpdateMask = FieldMask.FromString("tags,priority"),
        };
        var unnamed = new UpdateJobRequest
        {
            Job = new Job { JobId = SampleJobs.Id },
            UpdateMask = FieldMask.FromString("display_name"),
        };
        Assert.Equal([tagged, tagged, unnamed], _server.Service.Update.Requests);
    }

    [Fact]
    public async Task UpdateJob_NoValue_IsRefused()
    {
        await Assert.ThrowsAsync<ArgumentException>(
            () => _client.UpdateJobAsync(SampleJobs.Id, new JobUpdate(), cancellationToken: Token));

        Assert.Empty(_server.Service.Update.Requests);
    }

    [Fact]
    public async Task CancelRetryDelete_Etag_IsSent()
    {
        var mismatch = Failures.Of(StatusCode.Aborted, ErrorReason.EtagMismatch, "The job has changed.");
        _server.Service.Cancel.Fail(mismatch);
        _server.Service.Retry.Answer(new RetryJobResponse { Job = SampleJobs.Queued(1) });
        _server.Service.Delete.Answer(new DeleteJobResponse());

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            () => _client.CancelJobAsync(SampleJobs.Id, "a", cancellationToken: Token));
        await _client.RetryJobAsync(SampleJobs.Id, "b", cancellationToken: Token);
        await _client.DeleteJobAsync(SampleJobs.Id, "c", cancellationToken: Token);

        Assert.Equal((ErrorReason.EtagMismatch, false), (failure.Reason, failure.IsRetryable));
        Assert.Equal("a", Assert.Single(_server.Service.Cancel.Requests).Etag);
        Assert.Equal("b", Assert.Single(_server.Service.Retry.Requests).Etag);
        Assert.Equal("c", Assert.Single(_server.Service.Delete.Requests).Etag);
    }

    [Fact]
    public async Task RetryJob_ResponseLost_Retries()
    {
        _server.Service.Retry.BreakConnection().Answer(new RetryJobResponse { Job = SampleJobs.Queued(1) });

        var job = await _client.RetryJobAsync(SampleJobs.Id, cancellationToken: Token);

        Assert.Equal(SampleJobs.Queued(1), job);
        Assert.Equal(
            [SampleJobs.Id, SampleJobs.Id], _server.Service.Retry.Requests.Select(request => request.JobId));
    }

    [Fact]
    public async Task RetryJob_QueueFull_ThrowsWithRetryAfter()
    {
        _server.Service.Retry.Fail(Failures.QueueFull(TimeSpan.FromSeconds(10)));

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            () => _client.RetryJobAsync(SampleJobs.Id, cancellationToken: Token));

        Assert.Equal((ErrorReason.QueueFull, TimeSpan.FromSeconds(10)), (failure.Reason, failure.RetryAfter));
        Assert.Single(_server.Service.Retry.Requests);
    }

    [Fact]
    public async Task DeleteJob_Always_SendsTheId()
    {
        _server.Service.Delete.Answer(new DeleteJobResponse());

        await _client.DeleteJobAsync(SampleJobs.Id, cancellationToken: Token);

        Assert.Equal(SampleJobs.Id, Assert.Single(_server.Service.Delete.Requests).JobId);
    }

    [Fact]
    public async Task DeleteJob_NoSuchJob_Throws()
    {
        _server.Service.Delete.Fail(Failures.JobNotFound);

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            () => _client.DeleteJobAsync(SampleJobs.Id, cancellationToken: Token));

        Assert.Equal(ErrorReason.JobNotFound, failure.Reason);
    }

    [Fact]
    public async Task DeleteJob_ResponseLostAndJobGone_Succeeds()
    {
        _server.Service.Delete.BreakConnection().Fail(Failures.JobNotFound);

        await _client.DeleteJobAsync(SampleJobs.Id, cancellationToken: Token);

        Assert.Equal(2, _server.Service.Delete.Requests.Count);
    }

    [Fact]
    public async Task DeleteJob_ResponseLostAndJobRunning_Throws()
    {
        _server.Service.Delete.BreakConnection().Fail(Failures.WrongJobStatus);

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            () => _client.DeleteJobAsync(SampleJobs.Id, cancellationToken: Token));

        Assert.Equal(ErrorReason.WrongJobStatus, failure.Reason);
    }

    [Fact]
    public async Task CancelJob_ServerHangs_EndsAtTheControlDeadline()
    {
        _server.Service.Cancel.Hang();
        await using var client = _server.Connect(options => options with
        {
            ControlDeadline = TimeSpan.FromMilliseconds(100),
        });

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            () => client.CancelJobAsync(SampleJobs.Id, cancellationToken: Token));

        Assert.Equal(StatusCode.DeadlineExceeded, failure.Code);
    }
}
