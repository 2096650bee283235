using System.Diagnostics.CodeAnalysis;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Testing.Faults;

/// <summary>Makes calls and records which outcomes they allow.</summary>
/// <param name="service">The service.</param>
/// <param name="expected">The record.</param>
/// <param name="timeout">Timeout of each call, for services that can hang; null for none.</param>
public sealed class JobCaller(IJobServiceAccess service, ExpectedJobs expected, TimeSpan? timeout = null)
{
    private DateTime? Deadline =>
        timeout is { } limit ? TimeProvider.System.GetUtcNow().UtcDateTime + limit : null;

    /// <summary>Submits a job; returns null without an answer.</summary>
    public async Task<ExpectedJob?> SubmitAsync(JobRequest request, CancellationToken cancellationToken)
    {
        var requestId = Guid.NewGuid();
        expected.Sending(requestId, request);
        var call = request.ToCall(requestId);
        var answer = service.Client.SubmitVideoAsync(
            call, deadline: Deadline, cancellationToken: cancellationToken);
        return await AnswerAsync(answer) is { } job
            ? expected.Acknowledged(requestId, job.Job.JobId)
            : null;
    }

    /// <summary>Cancels a job.</summary>
    public async Task CancelAsync(ExpectedJob entry, CancellationToken cancellationToken)
    {
        entry.Cancelling();
        var call = new CancelJobRequest { JobId = entry.JobId };
        var answer = service.Client.CancelJobAsync(call, deadline: Deadline, cancellationToken: cancellationToken);
        if (await AnswerAsync(answer) is not null)
        {
            entry.Cancelled();
        }
    }

    /// <summary>Retries a cancelled job.</summary>
    public async Task RetryAsync(ExpectedJob entry, CancellationToken cancellationToken)
    {
        entry.Retrying();
        var call = new RetryJobRequest { JobId = entry.JobId };
        var answer = service.Client.RetryJobAsync(call, deadline: Deadline, cancellationToken: cancellationToken);
        if (await AnswerAsync(answer) is not null)
        {
            entry.Retried();
        }
    }

    /// <summary>Deletes a terminal job.</summary>
    public async Task DeleteAsync(ExpectedJob entry, CancellationToken cancellationToken)
    {
        entry.Deleting();
        var call = new DeleteJobRequest { JobId = entry.JobId };
        var answer = service.Client.DeleteJobAsync(call, deadline: Deadline, cancellationToken: cancellationToken);
        if (await AnswerAsync(answer) is not null)
        {
            entry.Deleted();
        }
    }

    /// <summary>
    /// The answer; null if the service was down or the job's status forbade the call, so that the outcome is unknown.
    /// </summary>
    private static async Task<T?> AnswerAsync<T>(AsyncUnaryCall<T> call)
        where T : class
    {
        using (call)
        {
            try
            {
                return await call;
            }
            catch (RpcException exception) when (exception.StatusCode
                is StatusCode.Unavailable or StatusCode.Internal or StatusCode.Cancelled or StatusCode.Unknown
                or StatusCode.FailedPrecondition or StatusCode.DeadlineExceeded)
            {
                return null;
            }
        }
    }
}

/// <summary>A caller of the storm: submits jobs and sometimes cancels, retries or deletes them.</summary>
[SuppressMessage("Security", "CA5394", Justification = "A seeded sequence that can be repeated is the point.")]
public sealed class StormCaller(IJobServiceAccess service, ExpectedJobs expected, Random random)
{
    private const int MaxSubmissions = 4;
    private readonly JobCaller _caller = new(service, expected);

    /// <summary>Runs until its last submission, the end of the service, or its cancellation.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        for (var i = 0; i < MaxSubmissions && !cancellationToken.IsCancellationRequested; i++)
        {
            var request = JobRequest.All[random.Next(JobRequest.All.Count)];
            if (await _caller.SubmitAsync(request, cancellationToken) is not { } entry)
            {
                return;
            }

            await FollowAsync(entry, random.Next(10), cancellationToken);
        }
    }

    private async Task FollowAsync(ExpectedJob entry, int action, CancellationToken cancellationToken)
    {
        switch (action)
        {
            case 0:
                await _caller.CancelAsync(entry, cancellationToken);
                break;
            case 1:
                await _caller.CancelAsync(entry, cancellationToken);
                await _caller.RetryAsync(entry, cancellationToken);
                break;
            case 2 when await EndedAsync(entry, cancellationToken):
                await _caller.DeleteAsync(entry, cancellationToken);
                break;
        }
    }

    private async Task<bool> EndedAsync(ExpectedJob entry, CancellationToken cancellationToken)
    {
        try
        {
            await service.WaitForEndAsync(entry.JobId, cancellationToken);
            return true;
        }
        catch (Exception exception) when (exception is RpcException or OperationCanceledException)
        {
            return false;
        }
    }
}
