using System.Diagnostics.CodeAnalysis;
using ForegSyte.Testing.Faults;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace ForegSyte.Cluster.Scenarios;

/// <summary>
/// Submits one job after the other while faults happen, waits for the end of each, and sometimes cancels, retries or
/// deletes it. Every call has a timeout, because a suspended node does not answer.
/// </summary>
[SuppressMessage("Security", "CA5394", Justification = "A seeded sequence that can be repeated is the point.")]
internal sealed class ClusterCaller(IJobServiceAccess service, ExpectedJobs expected, Random random)
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PollTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);

    private readonly JobCaller _caller = new(service, expected, CallTimeout);

    /// <summary>Runs until it is cancelled; a call in flight is completed.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var request = JobRequest.All[random.Next(JobRequest.All.Count)];
            if (await _caller.SubmitAsync(request, CancellationToken.None) is { } entry)
            {
                await FollowAsync(entry, random.Next(20), stop);
            }
            else
            {
                await PauseAsync(stop);
            }
        }
    }

    private async Task FollowAsync(ExpectedJob entry, int action, CancellationToken stop)
    {
        switch (action)
        {
            case 0:
                await _caller.CancelAsync(entry, CancellationToken.None);
                break;
            case 1:
                await _caller.CancelAsync(entry, CancellationToken.None);
                await _caller.RetryAsync(entry, CancellationToken.None);
                break;
            case 2 when await EndedAsync(entry, stop):
                await _caller.DeleteAsync(entry, CancellationToken.None);
                break;
            default:
                await EndedAsync(entry, stop);
                break;
        }
    }

    private async Task<bool> EndedAsync(ExpectedJob entry, CancellationToken stop)
    {
        var request = new WaitJobRequest { JobId = entry.JobId, Timeout = Duration.FromTimeSpan(PollTimeout) };
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var deadline = TimeProvider.System.GetUtcNow().UtcDateTime + CallTimeout;
                var job = (await service.Client.WaitJobAsync(
                    request, deadline: deadline, cancellationToken: CancellationToken.None)).Job;
                if (job.Status is JobStatus.Completed or JobStatus.Failed or JobStatus.Cancelled)
                {
                    return true;
                }

                request.Etag = job.Etag;
            }
            catch (RpcException lost) when (lost.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded
                or StatusCode.Internal or StatusCode.Cancelled or StatusCode.Unknown)
            {
                // The node is down or suspended; the next one answers.
                await PauseAsync(stop);
            }
        }

        return false;
    }

    private static async Task PauseAsync(CancellationToken stop)
    {
        try
        {
            await Task.Delay(RetryDelay, stop);
        }
        catch (OperationCanceledException)
        {
            // The run ends.
        }
    }
}
