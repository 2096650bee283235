using System.Runtime.CompilerServices;
using ForegSyte.Client.Calls;
using ForegSyte.Protocol.Tracing;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;

namespace ForegSyte.Client;

/// <summary>
/// A typed client of a ForegSyte JobService. Create one and share it: it is thread-safe and keeps the connection. It
/// retries calls while the server is UNAVAILABLE; every other failure is a <see cref="ForegSyteException"/>.
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

    /// <summary>Creates a client. It connects with the first call.</summary>
    /// <param name="options">Options; null means the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message names it.</exception>
    public ForegSyteClient(ForegSyteClientOptions? options = null)
    {
        _options = (options ?? new ForegSyteClientOptions()).Copy();
        _options.Validate();
        _channel = ChannelFactory.Create(_options);
        var calls = _channel.Intercept(new CallTracing(ForegSyteTraces.Source));
        _service = new JobService.JobServiceClient(calls);
        _uploadService = new UploadService.UploadServiceClient(calls);
        _calls = new CallRunner(_options);
    }

    /// <summary>Address of the server; the first of several.</summary>
    public Uri Address => _options.Address;

    /// <summary>Reads one job.</summary>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="ForegSyteException">
    /// JOB_NOT_FOUND, INVALID_FIELD, or the server could not be reached.
    /// </exception>
    public async Task<Job> GetJobAsync(string jobId, CancellationToken cancellationToken = default)
    {
        var request = new GetJobRequest { JobId = jobId };
        var response = await _calls.RunAsync(
            _options.ReadDeadline, call => _service.GetJobAsync(request, call), cancellationToken);
        return response.Job;
    }

    /// <summary>
    /// Waits for one change with a long poll: returns when the etag of the job differs from the given etag (at once if
    /// that is empty), or the unchanged job after the timeout.
    /// </summary>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="etag">Etag of the last known state; empty for none.</param>
    /// <param name="timeout">Time to wait; null means <see cref="ForegSyteClientOptions.LongPollTimeout"/>.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="ForegSyteException">
    /// JOB_NOT_FOUND, INVALID_FIELD, or the server could not be reached.
    /// </exception>
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
    /// Yields the job now and after every change. The sequence ends when the job is terminal (completed, failed or
    /// cancelled). An outage of the server up to <see cref="ForegSyteClientOptions.MaxOutage"/> does not end it.
    /// </summary>
    /// <remarks>
    /// A change of the wait reason, for example of the position in the queue, does not end a long poll. The sequence
    /// yields it when the long poll ends.
    /// </remarks>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="timeout">
    /// Time limit of the watch; null means <see cref="ForegSyteClientOptions.WatchTimeout"/>.
    /// </param>
    /// <param name="cancellationToken">Cancels the watch, not the job.</param>
    /// <exception cref="ForegSyteException">
    /// JOB_NOT_FOUND, INVALID_FIELD, an outage longer than MaxOutage, or DEADLINE_EXCEEDED after the timeout.
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
    /// Waits until the job is terminal and returns it. A failed or cancelled job is not an exception: check its status.
    /// </summary>
    /// <inheritdoc cref="WatchJobAsync"/>
    public async Task<Job> WaitForCompletionAsync(
        string jobId, TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        await WatchJobAsync(jobId, timeout, cancellationToken).LastAsync(cancellationToken);

    /// <summary>Lists the jobs that match a filter, newest first; reads further pages on demand.</summary>
    /// <param name="filter">
    /// AIP-160 expression, for example <c>status = FAILED</c>; null or empty means all jobs.
    /// </param>
    /// <param name="pageSize">Jobs per page; 0 means the server's default of 50.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="ForegSyteException">
    /// INVALID_FILTER, INVALID_FIELD, or the server could not be reached.
    /// </exception>
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
    /// Reads the results of a job, one item for each analyzed frame; reads further pages on demand. For a running job
    /// it yields the results of finished segments, then waits for further segments. If the job fails or is cancelled,
    /// the sequence ends after the last finished segment: check the status of the job.
    /// </summary>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="startFrame">Minimum index of the first frame.</param>
    /// <param name="cancellationToken">Cancels the reading, not the job.</param>
    /// <exception cref="ForegSyteException">
    /// JOB_NOT_FOUND, RESULTS_NOT_READY (no segment is finished), RESULTS_DAMAGED, INVALID_FIELD, or the server could
    /// not be reached.
    /// </exception>
    public IAsyncEnumerable<FrameResult> GetResultsAsync(
        string jobId, int startFrame = 0, CancellationToken cancellationToken = default) =>
        ReaderOf(jobId, startFrame).ReadAsync(waitForFirst: false, cancellationToken);

    /// <summary>
    /// Reads the results like <see cref="GetResultsAsync"/>, but also waits for the first ones. It throws
    /// RESULTS_NOT_READY only if the job ended without results.
    /// </summary>
    /// <inheritdoc cref="GetResultsAsync"/>
    public IAsyncEnumerable<FrameResult> FollowResultsAsync(
        string jobId, int startFrame = 0, CancellationToken cancellationToken = default) =>
        ReaderOf(jobId, startFrame).ReadAsync(waitForFirst: true, cancellationToken);

    /// <summary>
    /// Reads one page of results without waiting. An empty page with a token means that the job is still running: call
    /// <see cref="WaitJobAsync"/> before you read the page again.
    /// </summary>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="pageToken">NextPageToken of the previous page; empty for the first page.</param>
    /// <param name="startFrame">
    /// Minimum index of the first frame; used for the first page only.
    /// </param>
    /// <param name="pageBytes">Maximum size of the page in bytes; 0 means the server's default of 1 MiB.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="ForegSyteException">Those of <see cref="GetResultsAsync"/>, and INVALID_PAGE_TOKEN.</exception>
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

    /// <summary>Lists the pipelines of the server, ordered by id.</summary>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="ForegSyteException">The server could not be reached.</exception>
    public async Task<IReadOnlyList<Pipeline>> ListPipelinesAsync(CancellationToken cancellationToken = default)
    {
        var response = await _calls.RunAsync(
            _options.ReadDeadline,
            call => _service.ListPipelinesAsync(new ListPipelinesRequest(), call),
            cancellationToken);
        return response.Pipelines;
    }

    /// <summary>Closes the connection and cancels active calls.</summary>
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
