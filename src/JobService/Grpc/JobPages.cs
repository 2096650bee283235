using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Paging;
using ForegSyte.Hosting.Security;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Grpc;

/// <summary>Pages of jobs, newest first (AIP-158).</summary>
internal sealed class JobPages(IJobStore store, JobTracker tracker, JobMessages messages)
{
    /// <summary>Default number of jobs of a page.</summary>
    public const int DefaultPageSize = 50;

    /// <summary>Maximum number of jobs of a page.</summary>
    public const int MaxPageSize = 1000;

    /// <summary>Maximum size of a page: 3 MiB of protobuf; gRPC clients accept 4 MiB by default.</summary>
    public const int MaxPageBytes = 3 << 20;

    /// <summary>Bytes of protobuf around the fields of a job: the tag and the length.</summary>
    private const int FramingBytes = 6;

    /// <summary>Reads one page of the jobs that the caller can see.</summary>
    /// <exception cref="ServiceException">INVALID_FIELD, INVALID_FILTER or INVALID_PAGE_TOKEN.</exception>
    public async Task<ListJobsResponse> ReadAsync(
        ListJobsRequest request, Caller caller, CancellationToken cancellationToken)
    {
        var size = RequestChecks.Size("page_size", request.PageSize, DefaultPageSize, MaxPageSize);

        // Tokens are bound to the tenant: a position in another tenant's list would reveal when it created jobs.
        var arguments = caller.VisibleTenant is { } tenant
            ? $"ListJobs of {tenant.Length} {tenant} {request.Filter}"
            : $"ListJobs {request.Filter}";
        var query = new JobQuery(
            RequestChecks.Filter("filter", request.Filter), PositionOf(arguments, request.PageToken), size + 1,
            caller.VisibleTenant);

        // One job more than requested shows whether there is another page.
        var jobs = await store.ListAsync(query, cancellationToken);
        var view = RequestChecks.View(request.View, JobView.Basic);
        var shown = await messages.OfAsync(
            [.. jobs.Take(size).Select(tracker.WithProgress)], view, cancellationToken);
        var response = new ListJobsResponse();
        var budget = MaxPageBytes;
        foreach (var job in shown)
        {
            budget -= job.CalculateSize() + FramingBytes;
            if (budget < 0 && response.Jobs.Count > 0)
            {
                break;
            }

            response.Jobs.Add(job);
        }

        if (response.Jobs.Count < jobs.Count)
        {
            response.NextPageToken = PageToken.Make(arguments, TextOf(jobs[response.Jobs.Count - 1]));
        }

        return response;
    }

    private static string TextOf(JobRecord job) =>
        string.Create(CultureInfo.InvariantCulture, $"{job.CreatedAt.UtcTicks} {job.JobId}");

    private static JobPosition? PositionOf(string arguments, string token)
    {
        if (token.Length == 0)
        {
            return null;
        }

        var parts = PageToken.Read(arguments, token)?.Split(' ');
        return parts is [var ticksText, var idText]
            && long.TryParse(ticksText, NumberStyles.None, CultureInfo.InvariantCulture, out var ticks)
            && ticks <= DateTimeOffset.MaxValue.UtcTicks
            && Guid.TryParseExact(idText, "D", out var jobId)
                ? new JobPosition(new DateTimeOffset(ticks, TimeSpan.Zero), jobId)
                : throw PageToken.Invalid();
    }
}
