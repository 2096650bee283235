using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Faults.Tests;

/// <summary>A caller: it sends calls and keeps the ledger of what it was told.</summary>
internal sealed class Actor(FaultyJobService service, Ledger ledger)
{
    /// <summary>Submits a job; null where the answer did not come.</summary>
    public async Task<Ledger.Entry?> SubmitAsync(Request request, CancellationToken cancellationToken)
    {
        var requestId = Guid.NewGuid();
        ledger.Sending(requestId, request);
        var call = request.Call(FaultyJobService.VideoUri, requestId);
        return await AnswerAsync(service.Client.SubmitVideoAsync(call, cancellationToken: cancellationToken)) is { } job
            ? ledger.Acknowledged(requestId, job.Job.JobId)
            : null;
    }

    /// <summary>Cancels a job that was acknowledged.</summary>
    public async Task CancelAsync(Ledger.Entry entry, CancellationToken cancellationToken)
    {
        entry.Cancelling();
        var call = new CancelJobRequest { JobId = entry.JobId };
        if (await AnswerAsync(service.Client.CancelJobAsync(call, cancellationToken: cancellationToken)) is not null)
        {
            entry.Cancelled();
        }
    }

    /// <summary>Retries a job that was cancelled.</summary>
    public async Task RetryAsync(Ledger.Entry entry, CancellationToken cancellationToken)
    {
        entry.Retrying();
        var call = new RetryJobRequest { JobId = entry.JobId };
        if (await AnswerAsync(service.Client.RetryJobAsync(call, cancellationToken: cancellationToken)) is not null)
        {
            entry.Retried();
        }
    }

    /// <summary>Deletes a terminal job.</summary>
    public async Task DeleteAsync(Ledger.Entry entry, CancellationToken cancellationToken)
    {
        entry.Deleting();
        var call = new DeleteJobRequest { JobId = entry.JobId };
        if (await AnswerAsync(service.Client.DeleteJobAsync(call, cancellationToken: cancellationToken)) is not null)
        {
            entry.Deleted();
        }
    }

    /// <summary>
    /// The answer; null where there was none because the service was gone, or where the job's status forbade it
    /// (another caller, or its own end, was faster): the outcome stays unknown.
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
