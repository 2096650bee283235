using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Testing.Faults;

/// <summary>One JobService, or the nodes of a cluster, that faults disturb.</summary>
public interface IJobServiceAccess
{
    /// <summary>Stub of a process that runs.</summary>
    JobService.JobServiceClient Client { get; }

    /// <summary>Output of all processes so far, also of ended ones.</summary>
    string Output { get; }

    /// <summary>Reads the results of a completed job in a form that can be compared.</summary>
    Task<byte[]> ReadResultsAsync(Job job, CancellationToken cancellationToken);
}

/// <summary>Calls that tests make often.</summary>
public static class JobServiceAccessExtensions
{
    /// <summary>Waits until a job is terminal.</summary>
    /// <exception cref="TimeoutException">It is not within the time limit.</exception>
    public static async Task<Job> WaitForEndAsync(
        this IJobServiceAccess service, string jobId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(service);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Wait.Timeout);
        var request = new WaitJobRequest { JobId = jobId };
        while (true)
        {
            Job job;
            try
            {
                job = (await service.Client.WaitJobAsync(request, cancellationToken: limit.Token)).Job;
            }
            catch (RpcException exception) when (exception.StatusCode == StatusCode.Cancelled)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw new TimeoutException(
                    $"Job {jobId} did not end within {Wait.Timeout}. Output of the service:\n{service.Output}",
                    exception);
            }

            if (job.Status is JobStatus.Completed or JobStatus.Failed or JobStatus.Cancelled)
            {
                return job;
            }

            request.Etag = job.Etag;
        }
    }

    /// <summary>All jobs.</summary>
    public static async Task<List<Job>> ListAsync(
        this IJobServiceAccess service, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(service);
        var jobs = new List<Job>();
        var request = new ListJobsRequest { PageSize = 1000, View = JobView.Full };
        do
        {
            var page = await service.Client.ListJobsAsync(request, cancellationToken: cancellationToken);
            jobs.AddRange(page.Jobs);
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);

        return jobs;
    }
}
