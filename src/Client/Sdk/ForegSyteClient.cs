using System.Runtime.CompilerServices;
using ForegSyte.Client.Calls;
using ForegSyte.Client.Results;
using ForegSyte.Client.Watching;
using ForegSyte.Protocol.Tracing;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;

namespace ForegSyte.Client;

/// <summary>
/// The typed client of a ForegSyte JobService. Make one and share it: it is safe for concurrent use and holds the
/// connection. Calls are repeated while the server is UNAVAILABLE; everything else is a <see
/// cref="ForegSyteException"/>.
/// </summary>
/// <example>
/// <code>
/// await using var client = new ForegSyteClient();
/// var job = await client.SubmitFileAsync("video.mp4", new SubmitOptions { PipelineId = "yolo_ocr" });
/// job = await client.WaitForCompletionAsync(job.JobId);
/// await foreach (var frame in client.GetResultsAsync(job.JobId)) { … }
/// </code>
/// </example>
public sealed partial class ForegSyteClient : IAsyncDisposable, IDisposable
{
    private readonly ForegSyteClientOptions _options;
    private readonly GrpcChannel _channel;
    private readonly JobService.JobServiceClient _service;
    private readonly UploadService.UploadServiceClient _uploadService;
    private readonly CallRunner _calls;

    /// <summary>Makes a client; it connects with the first call.</summary>
    /// <param name="options">Settings; null means all defaults.</param>
    /// <exception cref="ArgumentException">A setting lies outside its range; the message names it.</exception>
    public ForegSyteClient(ForegSyteClientOptions? options = null)
    {
        _options = (options ?? new ForegSyteClientOptions()).Copy();
        _options.Validate();
        _channel = Channels.Open(_options);
        var calls = _channel.Intercept(new CallTracing(ForegSyteTraces.Source));
        _service = new JobService.JobServiceClient(calls);
        _uploadService = new UploadService.UploadServiceClient(calls);
        _calls = new CallRunner(_options);
    }

    /// <summary>Where the server is; of several, the first.</summary>
    public Uri Address => _options.Address;

    /// <summary>Reads one job.</summary>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ForegSyteException">JOB_NOT_FOUND, INVALID_FIELD, or the server was not reached.</exception>
    public async Task<Job> GetJobAsync(string jobId, CancellationToken cancellationToken = default)
    {
        var request = new GetJobRequest { JobId = jobId };
        var response = await _calls.RunAsync(
            _options.ReadDeadline, call => _service.GetJobAsync(request, call), cancellationToken);
        return response.Job;
    }

    /// <summary>
    /// Waits once for a change (a long poll): returns when the job's etag differs from the given one, at once where
    /// that is empty, and the unchanged job when the time is over.
    /// </summary>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="etag">The etag that the caller knows; empty for none.</param>
    /// <param name="timeout">How long to wait; null means <see cref="ForegSyteClientOptions.LongPollTimeout"/>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ForegSyteException">JOB_NOT_FOUND, INVALID_FIELD, or the server was not reached.</exception>
    public async Task<Job> WaitJobAsync(
        string jobId, string etag = "", TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        var wait = timeout ?? _options.LongPollTimeout;
        var request = new WaitJobRequest { JobId = jobId, Etag = etag, Timeout = wait.ToDuration() };
        var response = await _calls.RunAsync(
            wait + _options.LongPollGrace, call => _service.WaitJobAsync(request, call), cancellationToken);
        return response.Job;
    }

    /// <summary>
    /// The job now and after every change until it is terminal (completed, failed or cancelled); then the sequence ends
    /// by itself. A server that goes away and comes back within <see cref="ForegSyteClientOptions.MaxOutage"/> is not
    /// noticed.
    /// </summary>
    /// <remarks>
    /// What a job waits for (its place in the queue, for example) is no change that ends a long poll. Where it differs
    /// at the end of one, the job is told too.
    /// </remarks>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="timeout">
    /// Longest time for all; null means <see cref="ForegSyteClientOptions.WatchTimeout"/>.
    /// </param>
    /// <param name="cancellationToken">Ends the watch, not the job.</param>
    /// <exception cref="ForegSyteException">
    /// JOB_NOT_FOUND, INVALID_FIELD, the server stayed away, or DEADLINE_EXCEEDED when the time is over.
    /// </exception>
    public IAsyncEnumerable<Job> WatchJobAsync(
        string jobId, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        var watcher = new JobWatcher(WaitOnceAsync, _calls, _options);
        return watcher.WatchAsync(jobId, timeout ?? _options.WatchTimeout, cancellationToken);

        async Task<Job> WaitOnceAsync(string etag, TimeSpan wait, CancellationToken token)
        {
            var request = new WaitJobRequest { JobId = jobId, Etag = etag, Timeout = wait.ToDuration() };
            var deadline = _options.TimeProvider.GetUtcNow() + wait + _options.LongPollGrace;
            var response = await _calls.OnceAsync(deadline, call => _service.WaitJobAsync(request, call), token);
            return response.Job;
        }
    }

    /// <summary>
    /// Waits until the job is terminal and returns it. A failed or cancelled job is returned, not thrown: look at its
    /// status.
    /// </summary>
    /// <inheritdoc cref="WatchJobAsync"/>
    public async Task<Job> WaitForCompletionAsync(
        string jobId, TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        await WatchJobAsync(jobId, timeout, cancellationToken).LastAsync(cancellationToken);

    /// <summary>All jobs that pass the filter, newest first, read page by page as the caller goes on.</summary>
    /// <param name="filter">
    /// AIP-160 expression, for example <c>status = FAILED</c>; null or empty means all jobs.
    /// </param>
    /// <param name="pageSize">Jobs a page; 0 means the server's default of 50.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ForegSyteException">INVALID_FILTER, INVALID_FIELD, or the server was not reached.</exception>
    public async IAsyncEnumerable<Job> ListJobsAsync(
        string? filter = null, int pageSize = 0, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var request = new ListJobsRequest { Filter = filter ?? "", PageSize = pageSize };
        do
        {
            var page = await _calls.RunAsync(
                _options.ReadDeadline, call => _service.ListJobsAsync(request, call), cancellationToken);
            foreach (var job in page.Jobs)
            {
                yield return job;
            }

            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
    }

    /// <summary>
    /// The results of a job, one entry for each analyzed frame, read page by page as the caller goes on. Of a job that
    /// still runs the finished ones come first, then the others as their segments are finished. A job that fails or is
    /// cancelled ends the sequence where its finished segments end: look at its status.
    /// </summary>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="startFrame">Start at the first analyzed frame whose index is at least this.</param>
    /// <param name="cancellationToken">Ends the reading, not the job.</param>
    /// <exception cref="ForegSyteException">
    /// JOB_NOT_FOUND, RESULTS_NOT_READY (nothing is finished yet), RESULTS_DAMAGED, INVALID_FIELD, or the server was
    /// not reached.
    /// </exception>
    public IAsyncEnumerable<FrameResult> GetResultsAsync(
        string jobId, int startFrame = 0, CancellationToken cancellationToken = default) =>
        ReaderOf(jobId, startFrame).ReadAsync(waitForFirst: false, cancellationToken);

    /// <summary>
    /// As <see cref="GetResultsAsync"/>, and waits also for the first results: RESULTS_NOT_READY is thrown only where
    /// the job ended without any.
    /// </summary>
    /// <inheritdoc cref="GetResultsAsync"/>
    public IAsyncEnumerable<FrameResult> FollowResultsAsync(
        string jobId, int startFrame = 0, CancellationToken cancellationToken = default) =>
        ReaderOf(jobId, startFrame).ReadAsync(waitForFirst: true, cancellationToken);

    /// <summary>
    /// One page of results, without waiting. Where it is empty and has a token, the job goes on: wait with
    /// <see cref="WaitJobAsync"/> before asking again.
    /// </summary>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="pageToken">NextPageToken of the page before; empty for the first.</param>
    /// <param name="startFrame">
    /// First page only: start at the first analyzed frame whose index is at least this.
    /// </param>
    /// <param name="pageBytes">Budget of the page in bytes; 0 means the server's default of 1 MiB.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ForegSyteException">As for <see cref="GetResultsAsync"/>, and INVALID_PAGE_TOKEN.</exception>
    public Task<GetJobResultsResponse> GetResultsPageAsync(
        string jobId,
        string pageToken = "",
        int startFrame = 0,
        int pageBytes = 0,
        CancellationToken cancellationToken = default)
    {
        var request = new GetJobResultsRequest
        {
            JobId = jobId,
            PageToken = pageToken,
            StartFrame = pageToken.Length == 0 ? startFrame : 0,
            PageBytes = pageBytes,
        };
        return _calls.RunAsync(
            _options.ReadDeadline, call => _service.GetJobResultsAsync(request, call), cancellationToken);
    }

    /// <summary>The pipelines that a job may ask for, ordered by id.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ForegSyteException">The server was not reached.</exception>
    public async Task<IReadOnlyList<Pipeline>> ListPipelinesAsync(CancellationToken cancellationToken = default)
    {
        var response = await _calls.RunAsync(
            _options.ReadDeadline,
            call => _service.ListPipelinesAsync(new ListPipelinesRequest(), call),
            cancellationToken);
        return response.Pipelines;
    }

    /// <summary>Closes the connection; calls under way end.</summary>
    public void Dispose() => _channel.Dispose();

    /// <inheritdoc cref="Dispose"/>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    private ResultsReader ReaderOf(string jobId, int startFrame) => new(
        (pageToken, token) => GetResultsPageAsync(jobId, pageToken, startFrame, cancellationToken: token),
        (etag, token) => WaitJobAsync(jobId, etag, cancellationToken: token),
        _options);
}
