using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Faults.Tests;

/// <summary>Makes calls and records which outcomes they allow.</summary>
internal sealed class JobCaller(RestartableJobService service, ExpectedJobs expected)
{
    /// <summary>Submits a job; returns null without an answer.</summary>
    public async Task<ExpectedJob?> SubmitAsync(JobRequest request, CancellationToken cancellationToken)
    {
        var requestId = Guid.NewGuid();
        expected.Sending(requestId, request);
        var call = request.ToCall(RestartableJobService.VideoUri, requestId);
        return await AnswerAsync(service.Client.SubmitVideoAsync(call, cancellationToken: cancellationToken)) is { } job
            ? expected.Acknowledged(requestId, job.Job.JobId)
            : null;
    }

    /// <summary>Cancels a job.</summary>
    public async Task CancelAsync(ExpectedJob entry, CancellationToken cancellationToken)
    {
        entry.Cancelling();
        var call = new CancelJobRequest { JobId = entry.JobId };
        if (await AnswerAsync(service.Client.CancelJobAsync(call, cancellationToken: cancellationToken)) is not null)
        {
            entry.Cancelled();
        }
    }

    /// <summary>Retries a cancelled job.</summary>
    public async Task RetryAsync(ExpectedJob entry, CancellationToken cancellationToken)
    {
        entry.Retrying();
        var call = new RetryJobRequest { JobId = entry.JobId };
        if (await AnswerAsync(service.Client.RetryJobAsync(call, cancellationToken: cancellationToken)) is not null)
        {
            entry.Retried();
        }
    }

    /// <summary>Deletes a terminal job.</summary>
    public async Task DeleteAsync(ExpectedJob entry, CancellationToken cancellationToken)
    {
        entry.Deleting();
        var call = new DeleteJobRequest { JobId = entry.JobId };
        if (await AnswerAsync(service.Client.DeleteJobAsync(call, cancellationToken: cancellationToken)) is not null)
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
internal sealed class StormCaller(RestartableJobService service, ExpectedJobs expected, Random random)
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

/// <summary>
/// The outcomes that the answers to the callers allow. A call without an answer has an unknown outcome and allows both.
/// </summary>
internal sealed class ExpectedJobs
{
    private readonly ConcurrentDictionary<string, ExpectedJob> _jobs = new();
    private readonly ConcurrentDictionary<Guid, JobRequest> _unanswered = new();

    /// <summary>Acknowledged jobs.</summary>
    public IReadOnlyCollection<ExpectedJob> Jobs => [.. _jobs.Values];

    /// <summary>Submissions without an answer.</summary>
    public IReadOnlyDictionary<Guid, JobRequest> Unanswered => _unanswered;

    /// <summary>Records that a submission starts.</summary>
    public void Sending(Guid requestId, JobRequest request) => _unanswered[requestId] = request;

    /// <summary>Records that a submission was acknowledged.</summary>
    public ExpectedJob Acknowledged(Guid requestId, string jobId)
    {
        _unanswered.TryRemove(requestId, out var request);
        return _jobs.GetOrAdd(jobId, _ => new ExpectedJob(jobId, request!));
    }
}

/// <summary>A job and its allowed outcomes.</summary>
internal sealed record ExpectedJob(string JobId, JobRequest Request)
{
    /// <summary>Whether it may be COMPLETED.</summary>
    public bool MayComplete { get; set; } = true;

    /// <summary>Whether it may be CANCELLED.</summary>
    public bool MayBeCancelled { get; set; }

    /// <summary>Whether it may be deleted.</summary>
    public bool MayBeDeleted { get; set; }

    /// <summary>Whether it must be deleted.</summary>
    public bool IsDeleted { get; set; }

    /// <summary>Maximum number of ends in the log: one, and one more per retry.</summary>
    public int MaxEnds { get; set; } = 1;

    /// <summary>CancelJob was sent.</summary>
    public void Cancelling() => MayBeCancelled = true;

    /// <summary>CancelJob was answered.</summary>
    public void Cancelled() => MayComplete = false;

    /// <summary>RetryJob was sent.</summary>
    public void Retrying()
    {
        MayComplete = true;
        MaxEnds++;
    }

    /// <summary>RetryJob was answered; the job is pending again.</summary>
    public void Retried() => MayBeCancelled = false;

    /// <summary>DeleteJob was sent.</summary>
    public void Deleting() => MayBeDeleted = true;

    /// <summary>DeleteJob was answered.</summary>
    public void Deleted() => IsDeleted = true;
}
