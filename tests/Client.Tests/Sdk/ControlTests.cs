using ForegSyte.Client.Tests.Fakes;
using ForegSyte.V1;
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

        var job = await _client.CancelJobAsync(SampleJobs.Id, Token);

        Assert.Equal(SampleJobs.Cancelled(), job);
        Assert.Equal(
            [SampleJobs.Id, SampleJobs.Id, SampleJobs.Id],
            _server.Service.Cancel.Requests.Select(request => request.JobId));
    }

    [Fact]
    public async Task CancelJob_Completed_ThrowsWithoutARetry()
    {
        _server.Service.Cancel.Fail(Failures.WrongJobStatus);

        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => _client.CancelJobAsync(SampleJobs.Id, Token));

        Assert.Equal(
            (StatusCode.FailedPrecondition, ErrorReason.WrongJobStatus, false),
            (failure.Code, failure.Reason, failure.IsRetryable));
        Assert.Single(_server.Service.Cancel.Requests);
    }

    [Fact]
    public async Task RetryJob_ResponseLost_Retries()
    {
        _server.Service.Retry.BreakConnection().Answer(new RetryJobResponse { Job = SampleJobs.Queued(1) });

        var job = await _client.RetryJobAsync(SampleJobs.Id, Token);

        Assert.Equal(SampleJobs.Queued(1), job);
        Assert.Equal(
            [SampleJobs.Id, SampleJobs.Id], _server.Service.Retry.Requests.Select(request => request.JobId));
    }

    [Fact]
    public async Task RetryJob_QueueFull_ThrowsWithRetryAfter()
    {
        _server.Service.Retry.Fail(Failures.QueueFull(TimeSpan.FromSeconds(10)));

        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => _client.RetryJobAsync(SampleJobs.Id, Token));

        Assert.Equal((ErrorReason.QueueFull, TimeSpan.FromSeconds(10)), (failure.Reason, failure.RetryAfter));
        Assert.Single(_server.Service.Retry.Requests);
    }

    [Fact]
    public async Task DeleteJob_Always_SendsTheId()
    {
        _server.Service.Delete.Answer(new DeleteJobResponse());

        await _client.DeleteJobAsync(SampleJobs.Id, Token);

        Assert.Equal(SampleJobs.Id, Assert.Single(_server.Service.Delete.Requests).JobId);
    }

    [Fact]
    public async Task DeleteJob_NoSuchJob_Throws()
    {
        _server.Service.Delete.Fail(Failures.JobNotFound);

        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => _client.DeleteJobAsync(SampleJobs.Id, Token));

        Assert.Equal(ErrorReason.JobNotFound, failure.Reason);
    }

    [Fact]
    public async Task DeleteJob_ResponseLostAndJobGone_Succeeds()
    {
        _server.Service.Delete.BreakConnection().Fail(Failures.JobNotFound);

        await _client.DeleteJobAsync(SampleJobs.Id, Token);

        Assert.Equal(2, _server.Service.Delete.Requests.Count);
    }

    [Fact]
    public async Task DeleteJob_ResponseLostAndJobRunning_Throws()
    {
        _server.Service.Delete.BreakConnection().Fail(Failures.WrongJobStatus);

        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => _client.DeleteJobAsync(SampleJobs.Id, Token));

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

        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => client.CancelJobAsync(SampleJobs.Id, Token));

        Assert.Equal(StatusCode.DeadlineExceeded, failure.Code);
    }
}
