using System.Runtime.CompilerServices;
using ForegSyte.V1;

namespace ForegSyte.Client;

/// <content>Lists jobs, pipelines and error reasons.</content>
public partial class ForegSyteClient
{
    /// <summary>Lists the jobs that match a filter, newest first; reads further pages on demand.</summary>
    /// <param name="filter">
    /// AIP-160 expression over status, pipeline_id, display_name, created_at, job_id, tenant and tags, for example
    /// <c>status = FAILED</c>, <c>display_name:"lobby"</c> (contains the text), <c>tags.camera = "north"</c> or
    /// <c>job_id = "3f0c1c6e*"</c>; at most 1000 code points. Null or empty means all jobs.
    /// </param>
    /// <param name="pageSize">Jobs per page, 0 to 1000; 0 means the server's default of 50.</param>
    /// <param name="view">How much of each job to read.</param>
    /// <param name="callOptions">Options of the call for each page; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the listing.</param>
    /// <exception cref="ForegSyteException">
    /// INVALID_FILTER, INVALID_FIELD, or the server could not be reached.
    /// </exception>
    public virtual IAsyncEnumerable<Job> ListJobsAsync(
        string? filter = null,
        int pageSize = 0,
        JobView view = JobView.Basic,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default) =>
        ReadPagesAsync(
            (pageToken, token) => ListJobsPageAsync(pageToken, filter, pageSize, view, callOptions, token),
            page => page.Jobs,
            page => page.NextPageToken,
            cancellationToken);

    /// <summary>
    /// Reads one page of jobs, newest first. Only an empty NextPageToken marks the last page; a page can have fewer
    /// jobs than asked for.
    /// </summary>
    /// <param name="pageToken">
    /// NextPageToken of the previous page; empty for the first page. The filter must be the same as in that call.
    /// </param>
    /// <param name="filter">See <see cref="ListJobsAsync"/>.</param>
    /// <param name="pageSize">Maximum number of jobs, 0 to 1000; 0 means the server's default of 50.</param>
    /// <param name="view">How much of each job to read.</param>
    /// <param name="callOptions">Options of the call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="ForegSyteException">Those of <see cref="ListJobsAsync"/>, and INVALID_PAGE_TOKEN.</exception>
    public virtual Task<ListJobsResponse> ListJobsPageAsync(
        string pageToken = "",
        string? filter = null,
        int pageSize = 0,
        JobView view = JobView.Basic,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(pageToken);
        var request = new ListJobsRequest
        {
            Filter = filter ?? "",
            PageSize = pageSize,
            PageToken = pageToken,
            View = view,
        };
        return CallsWith(callOptions).RunAsync(
            _options.ReadDeadline, call => _service.ListJobsAsync(request, call), cancellationToken);
    }

    /// <summary>Lists the pipelines of the server, ordered by id; reads further pages on demand.</summary>
    /// <param name="callOptions">Options of the call for each page; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the listing.</param>
    /// <exception cref="ForegSyteException">The server could not be reached.</exception>
    public virtual IAsyncEnumerable<Pipeline> ListPipelinesAsync(
        ForegSyteCallOptions? callOptions = null, CancellationToken cancellationToken = default) =>
        ReadPagesAsync(
            (pageToken, token) =>
            {
                var request = new ListPipelinesRequest { PageToken = pageToken };
                return CallsWith(callOptions).RunAsync(
                    _options.ReadDeadline, call => _service.ListPipelinesAsync(request, call), token);
            },
            page => page.Pipelines,
            page => page.NextPageToken,
            cancellationToken);

    /// <summary>
    /// Lists the error reasons of both services, ordered by number, each with its status code and what the caller can
    /// do; reads further pages on demand.
    /// </summary>
    /// <param name="callOptions">Options of the call for each page; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the listing.</param>
    /// <exception cref="ForegSyteException">The server could not be reached.</exception>
    public virtual IAsyncEnumerable<ErrorReasonInfo> ListErrorReasonsAsync(
        ForegSyteCallOptions? callOptions = null, CancellationToken cancellationToken = default) =>
        ReadPagesAsync(
            (pageToken, token) =>
            {
                var request = new ListErrorReasonsRequest { PageToken = pageToken };
                return CallsWith(callOptions).RunAsync(
                    _options.ReadDeadline, call => _service.ListErrorReasonsAsync(request, call), token);
            },
            page => page.Reasons,
            page => page.NextPageToken,
            cancellationToken);

    /// <summary>
    /// Lists the JobServices that share the job store, ordered by name; reads further pages on demand. With the
    /// embedded store there is one. Needs the permission admin.
    /// </summary>
    /// <param name="callOptions">Options of the call for each page; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the listing.</param>
    /// <exception cref="ForegSyteException">PERMISSION_DENIED, or the server could not be reached.</exception>
    public virtual IAsyncEnumerable<Node> ListNodesAsync(
        ForegSyteCallOptions? callOptions = null, CancellationToken cancellationToken = default) =>
        ReadPagesAsync(
            (pageToken, token) =>
            {
                var request = new ListNodesRequest { PageToken = pageToken };
                return CallsWith(callOptions).RunAsync(
                    _options.ReadDeadline, call => _service.ListNodesAsync(request, call), token);
            },
            page => page.Nodes,
            page => page.NextPageToken,
            cancellationToken);

    /// <summary>
    /// Lists what tenants store, with their quotas, ordered by name; reads further pages on demand. Admins see all
    /// tenants, other callers their own.
    /// </summary>
    /// <param name="callOptions">Options of the call for each page; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the listing.</param>
    /// <exception cref="ForegSyteException">PERMISSION_DENIED, or the server could not be reached.</exception>
    public virtual IAsyncEnumerable<TenantUsage> ListTenantUsageAsync(
        ForegSyteCallOptions? callOptions = null, CancellationToken cancellationToken = default) =>
        ReadPagesAsync(
            (pageToken, token) =>
            {
                var request = new ListTenantUsageRequest { PageToken = pageToken };
                return CallsWith(callOptions).RunAsync(
                    _options.ReadDeadline, call => _service.ListTenantUsageAsync(request, call), token);
            },
            page => page.Usage,
            page => page.NextPageToken,
            cancellationToken);

    /// <summary>Yields the items of all pages. Only an empty token is the end, not an empty page (AIP-158).</summary>
    private static async IAsyncEnumerable<TItem> ReadPagesAsync<TPage, TItem>(
        Func<string, CancellationToken, Task<TPage>> readPage,
        Func<TPage, IEnumerable<TItem>> itemsOf,
        Func<TPage, string> nextTokenOf,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var pageToken = "";
        do
        {
            var page = await readPage(pageToken, cancellationToken);
            foreach (var item in itemsOf(page))
            {
                yield return item;
            }

            pageToken = nextTokenOf(page);
        }
        while (pageToken.Length > 0);
    }
}
